/** gRPC methods whose messages are bytes: what is passed on is not decoded, what is sent was encoded once. */
const asIs = (bytes: Buffer): Buffer => bytes;

export function rawMethod(path: string, streams: boolean) {
  return {
    path,
    requestStream: streams,
    responseStream: streams,
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  };
}
