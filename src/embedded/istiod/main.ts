/** The program of the istiod container. */
import { messageOf } from '../../errors/index.ts';
import { startIstiod } from './index.ts';
import { settingsFrom } from './settings.ts';

const log = (line: string): void => console.log(`${new Date().toISOString()}\tinfo\t${line}`);

process.on('unhandledRejection', (error) => {
  console.error(`${new Date().toISOString()}\terror\t${error instanceof Error ? error.stack : error}`);
  process.exit(1);
});

try {
  const istiod = await startIstiod({
    settings: settingsFrom(process.env),
    proxyImage: process.env['PROXY_IMAGE'] ?? 'docker.io/istio/proxyv2:1.31.0',
    log,
  });
  process.on('SIGTERM', () => void istiod.stop().then(() => process.exit(0)));
} catch (error) {
  console.error(`${new Date().toISOString()}\terror\t${messageOf(error)}`);
  process.exit(1);
}
