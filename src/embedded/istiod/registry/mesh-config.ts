/** MeshConfig with Istio's defaults filled in (pkg/config/mesh of Istio). */
import { parse } from 'yaml';
import type { MeshConfig } from '../model.ts';
import { milliseconds } from '../settings.ts';

/** @throws Error when the text is no YAML mapping. */
export function parseMeshConfig(text: string): MeshConfig {
  const raw = (parse(text) ?? {}) as Record<string, any>;
  if (typeof raw !== 'object') throw new Error('the mesh configuration is not a mapping');
  return {
    trustDomain: raw['trustDomain'] ?? 'cluster.local',
    trustDomainAliases: raw['trustDomainAliases'] ?? [],
    enableAutoMtls: raw['enableAutoMtls'] ?? true,
    outboundTrafficPolicy: { mode: raw['outboundTrafficPolicy']?.mode ?? 'ALLOW_ANY' },
    accessLogFile: raw['accessLogFile'] ?? '',
    accessLogFormat: raw['accessLogFormat'] ?? '',
    accessLogEncoding: raw['accessLogEncoding'] ?? 'TEXT',
    connectTimeout: milliseconds(raw['connectTimeout'], 10_000),
    protocolDetectionTimeout: milliseconds(raw['protocolDetectionTimeout'], 0),
    meshId: raw['defaultConfig']?.meshId ?? '',
    discoveryAddress: raw['defaultConfig']?.discoveryAddress ?? 'istiod.istio-system.svc:15012',
    raw,
  };
}
