/**
 * Where the bus is to be found now: written by the broker's actor, awaited by those that connect. It outlives both, so a
 * restarted connection knows the place at once.
 */
export type BusPlace = { readonly kind: 'external' | 'child' | 'in_process'; readonly url: string | null };

export type BusPlaceBoard = {
  readonly get: () => BusPlace | undefined;
  readonly set: (place: BusPlace) => void;
  /** The first place that is not `known`; undefined when the signal aborts. */
  readonly next: (known: BusPlace | undefined, signal: AbortSignal) => Promise<BusPlace | undefined>;
};

export function createBusPlaceBoard(): BusPlaceBoard {
  const waiting = new Set<() => void>();
  let current: BusPlace | undefined;
  const differs = (known: BusPlace | undefined): boolean =>
    current !== undefined && (current.kind !== known?.kind || current.url !== known.url);
  return {
    get: () => current,
    set(place) {
      current = place;
      for (const look of waiting) look();
    },
    next: (known, signal) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (!signal.aborted && !differs(known)) return;
          waiting.delete(look);
          signal.removeEventListener('abort', look);
          resolve(signal.aborted ? undefined : current);
        };
        waiting.add(look);
        signal.addEventListener('abort', look);
        look();
      }),
  };
}
