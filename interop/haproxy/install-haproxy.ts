import { runCommand } from "../process/run-command.js";
import { Skip } from "../runner/report.js";
import { say } from "../runner/say.js";

const installMilliseconds = 300_000;

/** HAProxy of the machine. */
export interface HaproxyProgram {
  readonly file: string;
  readonly version: string;
}

/** Finds HAProxy, or installs the package of Debian where this process may do that. */
export async function installHaproxy(): Promise<HaproxyProgram> {
  const found = await findHaproxy();
  if (found !== undefined) return found;
  if (process.getuid?.() !== 0) {
    throw new Skip("HAPROXY IS NOT HERE, and only root could install it: apt-get install haproxy");
  }
  say("installing HAProxy, once …");
  try {
    const options = { milliseconds: installMilliseconds };
    await runCommand("apt-get", ["update"], options);
    await runCommand("apt-get", ["install", "-y", "--no-install-recommends", "haproxy"], options);
  } catch (cause) {
    throw new Skip("HAPROXY IS NOT HERE, and could not be installed", { cause });
  }
  const installed = await findHaproxy();
  if (installed === undefined) throw new Skip("HAPROXY IS NOT HERE, though it was installed");
  return installed;
}

async function findHaproxy(): Promise<HaproxyProgram | undefined> {
  for (const file of ["haproxy", "/usr/sbin/haproxy"]) {
    try {
      const [version = ""] = (await runCommand(file, ["-v"])).split("\n");
      return { file, version };
    } catch {
      // not under this name
    }
  }
  return undefined;
}
