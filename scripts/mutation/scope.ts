/** What is mutated: everything that decides whether a battery may move power. And the tests that must notice. */

export const MUTATED = [
  'machines/guard/*.ts',
  'machines/device/{may-write,helm,posture,setpoint,sequence,effect,order-answer,second-means}.ts',
  'machines/device/{connection.machine,operation.machine,follow-latch,read-back,deadman-watch}.ts',
  'machines/site/{estop.machine,latch-record,in-force,sharing,headroom,grid-cut,grid-watch,rounding,allocation}.ts',
  'actors/{guard.actor,grid-guard,driver/stop-at-once}.ts',
  'actors/estop/*.ts',
] as const;

/** Fast ones only, on a virtual clock or none: they run hundreds of times. */
export const TESTS = [
  'test/machines/{guard,device,site}/*.test.ts',
  'test/actors/{driver/*,estop/*,guard/*,chart}.test.ts',
] as const;
