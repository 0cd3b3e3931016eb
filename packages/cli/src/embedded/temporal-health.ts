import { connect } from "node:http2";

const CHECK_TIMEOUT_MS = 2_000;

/** Status `SERVING` of the gRPC health protocol, as the one field of a message: field 1, varint, 1. */
const SERVING = Buffer.from([0x08, 0x01]);

/** Bytes in front of a gRPC message: not compressed, and the length in four bytes. */
const FRAME_HEADER_BYTES = 5;

/**
 * Asks Temporal's frontend by the gRPC health protocol whether it serves. False while nobody listens, the server is
 * not ready, or something that is no Temporal answers. Spoken by hand: one message of two known fields, where the
 * whole client would cost the command line half a second.
 */
export function isTemporalServing(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const session = connect(`http://127.0.0.1:${port}`);
    const finish = (serving: boolean) => {
      clearTimeout(timer);
      session.destroy();
      resolve(serving);
    };
    const timer = setTimeout(() => finish(false), CHECK_TIMEOUT_MS);
    session.on("error", () => finish(false));
    const request = session.request({
      ":method": "POST",
      ":path": "/grpc.health.v1.Health/Check",
      "content-type": "application/grpc",
      te: "trailers",
    });
    const received: Buffer[] = [];
    request.on("data", (chunk: Buffer) => received.push(chunk));
    request.on("error", () => finish(false));
    request.on("end", () => finish(Buffer.concat(received).subarray(FRAME_HEADER_BYTES).equals(SERVING)));
    request.end(frame(healthRequest("temporal.api.workflowservice.v1.WorkflowService")));
  });
}

/** A HealthCheckRequest: field 1, a string shorter than 128 bytes. */
function healthRequest(service: string): Buffer {
  return Buffer.concat([Buffer.from([0x0a, service.length]), Buffer.from(service)]);
}

function frame(message: Buffer): Buffer {
  const header = Buffer.alloc(FRAME_HEADER_BYTES);
  header.writeUInt32BE(message.length, 1);
  return Buffer.concat([header, message]);
}
