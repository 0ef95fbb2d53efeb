/**
 * Certificates in files, which Istio's configuration names `file-cert:CERTIFICATE~KEY` and `file-root:PATH` (`file-root:system` are the roots
 * of the operating system): read where the container's volumes are on this machine, and read again when those change.
 */
import { existsSync, type FSWatcher, readFileSync, watch } from 'node:fs';
import { dirname, join, relative } from 'node:path';

export interface FileSecrets {
  /** The secret in canonical JSON; undefined where a file cannot be read. */
  read(name: string): Record<string, unknown> | undefined;
  stop(): void;
}

const systemRoots = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

/** @param volume host path of the volume mounted at a path. @param onChange a file that was read has changed. */
export function fileSecrets(
  volume: (mountPath: string) => string | undefined,
  onChange: () => void,
  log: (line: string) => void,
): FileSecrets {
  const watchers = new Map<string, FSWatcher>();
  let timer: NodeJS.Timeout | undefined;
  const follow = (folder: string): void => {
    if (watchers.has(folder)) return;
    // The links of a volume move one after the other.
    const changed = (): void => {
      clearTimeout(timer);
      timer = setTimeout(onChange, 50).unref();
    };
    watchers.set(folder, watch(folder, changed).unref());
  };
  const text = (path: string): string => {
    if (path === 'system') return readFileSync(systemRoots.find((one) => existsSync(one)) ?? systemRoots[0]!, 'utf8');
    for (let mount = dirname(path); ; mount = dirname(mount)) {
      const folder = volume(mount);
      if (folder) {
        follow(folder);
        return readFileSync(join(folder, relative(mount, path)), 'utf8');
      }
      if (mount === dirname(mount)) throw new Error(`no volume of the container holds ${path}`);
    }
  };
  return {
    read(name) {
      try {
        const [kind, rest = ''] = split(name, ':');
        if (kind === 'file-root') return { validation_context: { trusted_ca: { inline_string: text(rest) } } };
        const [certificate, key = ''] = split(rest, '~');
        return {
          tls_certificate: {
            certificate_chain: { inline_string: text(certificate) },
            private_key: { inline_string: text(key) },
          },
        };
      } catch (error) {
        log(`${name} cannot be read: ${error instanceof Error ? error.message : error}`);
        return undefined;
      }
    },
    stop() {
      clearTimeout(timer);
      for (const watcher of watchers.values()) watcher.close();
    },
  };
}

function split(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator);
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}
