/** The language of the machine of the site's mode. */

/**
 * `commissioning`: the site file lets no asset be given power yet (read-only, shadow). `autonomous`: no uplink has delivered
 * for some minutes, and the site goes on by itself. `safe`: the E-stop is latched.
 */
export type SiteMode = 'commissioning' | 'online' | 'autonomous' | 'safe';

export type SiteModeInput = { readonly heldBack: boolean };
export type SiteModeContext = SiteModeInput & { readonly stopped: boolean; readonly alone: boolean };

type Stopped = { readonly type: 'STOPPED' };
type Released = { readonly type: 'RELEASED' };
type LeftAlone = { readonly type: 'LEFT_ALONE' };
type Linked = { readonly type: 'LINKED' };
export type SiteModeEvent = Stopped | Released | LeftAlone | Linked;
