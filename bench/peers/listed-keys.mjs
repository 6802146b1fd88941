import { callerId } from "../services/trust.mjs";
import { newKeys } from "./keys.mjs";

/** For ways in which the service has a list of the keys that may sign: one key, that of the caller. */
export function issueListedKeys(curve) {
  const [caller, stranger, impostor] = [1, 2, 3].map(() => newKeys(curve));
  const held = ({ privateKey }, id) => ({ privateKey, id });
  return {
    service: { publicKey: caller.publicKey },
    callers: {
      caller: held(caller, callerId),
      elsewhere: held(caller, callerId),
      stranger: held(stranger, "spiffe://bench.example/stranger"),
      impostor: held(impostor, callerId),
    },
  };
}
