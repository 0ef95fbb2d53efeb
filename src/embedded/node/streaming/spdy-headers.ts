/** Header blocks of SPDY/3.1: pairs with their lengths, compressed by one zlib stream a direction. */
import { constants, createDeflate, createInflate, type Deflate, type Inflate } from 'node:zlib';
import { spdyDictionary } from './spdy-dictionary.ts';

export type SpdyHeaders = Record<string, string>;

/** Gives what a block adds to the stream, which the next block goes on with. */
function codec(stream: Deflate | Inflate): (block: Buffer) => Promise<Buffer> {
  return (block) =>
    new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      const take = (chunk: Buffer): void => void chunks.push(chunk);
      stream.on('data', take);
      stream.once('error', reject);
      stream.write(block);
      stream.flush(constants.Z_SYNC_FLUSH, () => {
        stream.off('data', take);
        stream.off('error', reject);
        resolve(Buffer.concat(chunks));
      });
    });
}

export interface HeaderCodec {
  encode(headers: SpdyHeaders): Promise<Buffer>;
  /** @throws Error for a block that is damaged. */
  decode(block: Buffer): Promise<SpdyHeaders>;
}

export function headerCodec(): HeaderCodec {
  const compress = codec(createDeflate({ dictionary: spdyDictionary }));
  const decompress = codec(createInflate({ dictionary: spdyDictionary, finishFlush: constants.Z_SYNC_FLUSH }));
  return {
    encode: (headers) => compress(pack(headers)),
    decode: async (block) => unpack(await decompress(block)),
  };
}

function pack(headers: SpdyHeaders): Buffer {
  const pairs = Object.entries(headers);
  return Buffer.concat([
    number(pairs.length),
    ...pairs.flat().flatMap((text) => [number(Buffer.byteLength(text)), Buffer.from(text)]),
  ]);
}

function unpack(block: Buffer): SpdyHeaders {
  let at = 4;
  const text = (): string => {
    const length = block.readUInt32BE(at);
    at += 4 + length;
    return block.toString('utf8', at - length, at);
  };
  const headers: SpdyHeaders = {};
  for (let left = block.readUInt32BE(0); left > 0; left--) {
    const name = text().toLowerCase();
    headers[name] = text();
  }
  return headers;
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
