/** Addresses of Services: cluster IPs and node ports, given out once and never twice while in use. */
import type { KubeObject } from '../../kube/index.ts';
import { type FieldError, forbidden, invalidValue } from './schema/validate.ts';
import type { Storage } from './storage.ts';

const firstNodePort = 30_000;
const lastNodePort = 32_767;
/** The first addresses of the range are for Services that ask for them: the API and DNS. */
const reserved = 16;

export class ClusterAddresses {
  readonly #start: number;
  readonly #size: number;
  readonly #storage: Storage;
  #next = reserved;
  #nextPort = firstNodePort;

  constructor(cidr: string, storage: Storage) {
    const [base, bits] = cidr.split('/') as [string, string];
    this.#size = 2 ** (32 - Number(bits));
    this.#start = Math.floor(toNumber(base) / this.#size) * this.#size;
    this.#storage = storage;
  }

  at(position: number): string {
    return toAddress(this.#start + position);
  }

  /** Completes a Service before it is stored. Errors say which wish cannot be met. */
  complete(service: any, old: any): FieldError[] {
    const { spec } = service;
    if (spec.type === 'ExternalName') {
      delete spec.clusterIP;
      delete spec.clusterIPs;
      delete spec.ipFamilies;
      delete spec.ipFamilyPolicy;
      return [];
    }
    spec.ipFamilies ??= ['IPv4'];
    spec.ipFamilyPolicy ??= 'SingleStack';
    const isReachable = spec.type === 'NodePort' || spec.type === 'LoadBalancer';
    if (!isReachable) delete spec.externalTrafficPolicy;
    if (spec.type !== 'LoadBalancer') delete spec.allocateLoadBalancerNodePorts;
    return [...this.#completeAddress(spec, old), ...this.#completePorts(service, spec, old)];
  }

  #completeAddress(spec: any, old: any): FieldError[] {
    if (!spec.clusterIP && old?.spec.clusterIP && old.spec.type !== 'ExternalName') spec.clusterIP = old.spec.clusterIP;
    if (!spec.clusterIP && spec.clusterIPs?.[0]) spec.clusterIP = spec.clusterIPs[0];
    if (!spec.clusterIP) spec.clusterIP = this.#freeAddress();
    else if (spec.clusterIP !== 'None' && spec.clusterIP !== old?.spec.clusterIP) {
      if (!/^(\d{1,3}\.){3}\d{1,3}$/.test(spec.clusterIP))
        return [invalidValue('spec.clusterIPs[0]', spec.clusterIP, 'must be a valid IP address, (e.g. 10.9.8.7)')];
      const offset = toNumber(spec.clusterIP) - this.#start;
      if (!(offset > 0 && offset < this.#size))
        return [
          invalidValue(
            'spec.clusterIPs',
            [spec.clusterIP],
            `failed to allocate IP ${spec.clusterIP}: the provided IP is not in the valid range`,
          ),
        ];
      if (this.#addressesInUse().has(spec.clusterIP))
        return [
          invalidValue(
            'spec.clusterIPs',
            [spec.clusterIP],
            `failed to allocate IP ${spec.clusterIP}: provided IP is already allocated`,
          ),
        ];
    }
    spec.clusterIPs = [spec.clusterIP];
    return [];
  }

  #completePorts(service: any, spec: any, old: any): FieldError[] {
    const wantsPorts =
      spec.type === 'NodePort' || (spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false);
    if (!wantsPorts && spec.type !== 'LoadBalancer') {
      const wrong = (spec.ports ?? []).flatMap((port: any, index: number) =>
        port.nodePort && !hasNodePorts(old?.spec.type)
          ? [forbidden(`spec.ports[${index}].nodePort`, `may not be used when \`type\` is '${spec.type}'`)]
          : [],
      );
      // What the type gave goes with the type.
      for (const port of spec.ports ?? []) delete port.nodePort;
      return wrong;
    }
    if (!wantsPorts) return [];
    const used = this.#portsInUse(service.metadata);
    const errors: FieldError[] = [];
    (spec.ports ?? []).forEach((port: any, index: number) => {
      const before = old?.spec.ports?.find((one: any) => one.port === port.port && one.protocol === port.protocol);
      port.nodePort ??= before?.nodePort;
      if (port.nodePort && used.has(port.nodePort))
        errors.push(invalidValue(`spec.ports[${index}].nodePort`, port.nodePort, 'provided port is already allocated'));
      if (port.nodePort && (port.nodePort < firstNodePort || port.nodePort > lastNodePort))
        errors.push(
          invalidValue(
            `spec.ports[${index}].nodePort`,
            port.nodePort,
            `provided port is not in the valid range. The range of valid ports is ${firstNodePort}-${lastNodePort}`,
          ),
        );
      // One number that is served by two protocols is one node port.
      port.nodePort ??= spec.ports.find((one: any) => one.port === port.port && one.nodePort)?.nodePort;
      port.nodePort ??= this.#freePort(used);
      used.add(port.nodePort);
    });
    return errors;
  }

  #services(): KubeObject[] {
    return this.#storage.list('/services').map(({ object }) => object);
  }

  #addressesInUse(): Set<string> {
    return new Set(this.#services().map((service) => service['spec'].clusterIP));
  }

  #portsInUse(except: { namespace?: string; name?: string }): Set<number> {
    const others = this.#services().filter(
      ({ metadata }) => metadata.name !== except.name || metadata.namespace !== except.namespace,
    );
    return new Set(
      others.flatMap((service) => (service['spec'].ports ?? []).map((port: any) => port.nodePort)).filter(Boolean),
    );
  }

  #freeAddress(): string {
    const used = this.#addressesInUse();
    for (let tries = 0; tries < this.#size; tries++) {
      const address = this.at(this.#next);
      this.#next = this.#next + 1 >= this.#size - 1 ? reserved : this.#next + 1;
      if (!used.has(address)) return address;
    }
    throw new Error('the service range has no free address');
  }

  #freePort(used: Set<number>): number {
    for (;;) {
      const port = this.#nextPort;
      this.#nextPort = port >= lastNodePort ? firstNodePort : port + 1;
      if (!used.has(port)) return port;
    }
  }
}

const hasNodePorts = (type: string | undefined): boolean => type === 'NodePort' || type === 'LoadBalancer';

const toNumber = (address: string): number => address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
const toAddress = (value: number): string =>
  [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
