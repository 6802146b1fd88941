export { subscribeTelemetry, type TelemetryOptions } from "./subscribe-telemetry.js";
