/** Starts one API server on 127.0.0.1 in a temporary folder and prints the path of a kubeconfig for it. Ends with Ctrl-C. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startTestApiServer } from '../test/support/api-server.ts';

const folder = mkdtempSync(join(tmpdir(), 'isthmus-apiserver-'));
const server = await startTestApiServer({ folder, name: 'dev', log: (line) => console.error(line) });
writeFileSync(join(folder, 'kubeconfig'), server.kubeconfig, { mode: 0o600 });
console.log(join(folder, 'kubeconfig'));
process.on('SIGINT', () => {
  void server.stop().then(() => {
    rmSync(folder, { recursive: true });
    process.exit(0);
  });
});
