import { describe, expect, it } from 'vitest';
import type { Pod } from '../../../kube/index.ts';
import { proxySettings } from './proxy-settings.ts';

const settings = (env: Record<string, string>) =>
  proxySettings({
    pod: { metadata: { name: 'web', namespace: 'shop' }, spec: {} } as unknown as Pod,
    container: {},
    env,
    args: ['proxy', 'sidecar'],
    podIp: '10.0.0.1',
    folder: '',
    volume: () => undefined,
    envoy: '',
    resolve: () => undefined,
    log: () => {},
  });

describe('the settings of a proxy', () => {
  it('are those of Istio where nothing is said', () => {
    expect(settings({})).toMatchObject({
      certificateSeconds: 86_400,
      renewAt: 0.5,
      drainSeconds: 45,
      terminationDrainSeconds: 5,
    });
  });

  it('follow its environment and its ProxyConfig', () => {
    const config = JSON.stringify({ drainDuration: '1m30s', terminationDrainDuration: '500ms' });
    const env = { PROXY_CONFIG: config, SECRET_TTL: '300s', SECRET_GRACE_PERIOD_RATIO: '0.2' };
    expect(settings(env)).toMatchObject({
      certificateSeconds: 300,
      renewAt: 0.8,
      drainSeconds: 90,
      terminationDrainSeconds: 0.5,
    });
  });
});
