/** The gRPC health checking protocol (grpc.health.v1.Health/Check), as one call over HTTP/2 without TLS. */
import { connect, constants } from 'node:http2';

const states = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];

/** Gives why the service is not healthy, or undefined when it says SERVING. */
export function checkGrpcHealth(
  host: string,
  port: number,
  service: string,
  timeoutMs: number,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const session = connect(`http://${host}:${port}`);
    const finish = (why: string | undefined): void => {
      clearTimeout(timer);
      session.destroy();
      resolve(why);
    };
    const failed = (error: Error): void => finish(`connection error: ${error.message}`);
    const timer = setTimeout(
      () =>
        finish(`timeout: failed to connect service "${host}:${port}" within ${timeoutMs}ms: context deadline exceeded`),
      timeoutMs,
    );
    session.on('error', failed);
    const stream = session.request({
      [constants.HTTP2_HEADER_METHOD]: 'POST',
      [constants.HTTP2_HEADER_PATH]: '/grpc.health.v1.Health/Check',
      [constants.HTTP2_HEADER_CONTENT_TYPE]: 'application/grpc',
      [constants.HTTP2_HEADER_TE]: 'trailers',
      [constants.HTTP2_HEADER_USER_AGENT]: 'kube-probe/1.36',
    });
    const chunks: Buffer[] = [];
    let trailers: Record<string, unknown> = {};
    stream.on('error', failed);
    // A refusal may come without a body: then its status stands among the first headers.
    stream.on('response', (headers) => (trailers = headers));
    stream.on('trailers', (headers) => (trailers = { ...trailers, ...headers }));
    stream.on('data', (chunk) => chunks.push(chunk));
    stream.on('close', () => finish(judge(trailers, Buffer.concat(chunks), service)));
    stream.end(framed(checkRequest(service)));
  });
}

/** One string in field 1. */
function checkRequest(service: string): Buffer {
  const name = Buffer.from(service);
  return name.length === 0 ? name : Buffer.concat([Buffer.from([0x0a, ...varint(name.length)]), name]);
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}

/** gRPC's frame: not compressed, then the length. */
function framed(message: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

function judge(headers: Record<string, unknown>, body: Buffer, service: string): string | undefined {
  const status = headers['grpc-status'];
  if (status === undefined)
    return `the server does not speak gRPC: HTTP status ${headers[constants.HTTP2_HEADER_STATUS]}`;
  if (String(status) !== '0')
    return `error: health rpc failed with status ${status}: ${decodeURIComponent(String(headers['grpc-message'] ?? ''))}`;
  // HealthCheckResponse has one field, an enum; left out it is 0.
  const state = body[5] === 0x08 ? (body[6] ?? 0) : 0;
  return state === 1
    ? undefined
    : `service unhealthy (responded with "${states[state] ?? state}")${service ? ` for ${service}` : ''}`;
}
