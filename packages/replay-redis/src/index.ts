export {
  openRedisReplayGuard,
  type RedisReplayGuardOptions,
} from "./open-redis-replay-guard.js";
export type { IoredisClient, NodeRedisClient, RedisClient } from "./redis-client.js";
