import { describe, expect, it } from 'vitest';
import { loadKubeconfig } from './connection.ts';

const config = {
  'current-context': 'east',
  contexts: [
    { name: 'east', context: { cluster: 'c-east', user: 'admin' } },
    { name: 'torn', context: { cluster: 'missing' } },
    { name: 'plugin', context: { cluster: 'c-east', user: 'plugin' } },
  ],
  clusters: [
    {
      name: 'c-east',
      cluster: {
        server: 'https://127.0.0.1:6443/',
        'certificate-authority-data': Buffer.from('CA').toString('base64'),
      },
    },
  ],
  users: [
    { name: 'admin', user: { token: 'abc' } },
    {
      name: 'plugin',
      user: {
        exec: {
          apiVersion: 'client.authentication.k8s.io/v1',
          command: 'sh',
          args: ['-c', 'echo "{\\"status\\":{\\"token\\":\\"from-plugin\\"}}"'],
        },
      },
    },
  ],
};

describe('a kubeconfig', () => {
  it('gives the current context when none is named', () => {
    expect(loadKubeconfig(config)).toEqual({ server: 'https://127.0.0.1:6443', ca: 'CA', token: 'abc', name: 'east' });
  });

  it('names the contexts that there are when the wanted one is not', () => {
    expect(() => loadKubeconfig(config, 'west')).toThrow(/no context "west"/);
    expect(() => loadKubeconfig(config, 'torn')).toThrow(/names cluster "missing", which has no server/);
  });

  it('gets a token from a credential plugin', async () => {
    const { token } = loadKubeconfig(config, 'plugin');
    expect(await (token as () => Promise<string>)()).toBe('from-plugin');
  });

  it('says so when the file cannot be read', () => {
    expect(() => loadKubeconfig('/nonexistent/kubeconfig')).toThrow(/cannot be read/);
  });
});
