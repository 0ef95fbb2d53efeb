/** The shape of mesh.yaml. What compares fields with each other is in cross-checks.ts, so that one mistake does not hide another. */
import { z } from 'zod';
import { secondsOf } from './duration.ts';
import { parseAddress, parseCidr, parseRange } from './ipv4.ts';

const dnsLabelPattern = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;

/** A check that says what to write instead: `fix` is carried to the message in the issue's params. */
function checked(check: (text: string) => { why: string; meant?: string | undefined } | undefined) {
  return z.string().superRefine((text, context) => {
    const fault = check(text);
    if (fault) context.addIssue({ code: 'custom', message: fault.why, params: { meant: fault.meant } });
  });
}

const dnsLabel = (maximum: number) =>
  checked((text) => {
    if (dnsLabelPattern.test(text) && text.length <= maximum) return undefined;
    const meant = text
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .slice(0, maximum)
      .replace(/^-+|-+$/g, '');
    const why =
      text.length > maximum && dnsLabelPattern.test(text)
        ? `"${text}" has ${text.length} characters; at most ${maximum} are possible`
        : `"${text}" is not a DNS label (lower-case letters, digits and "-", with a letter or digit at both ends)`;
    return { why, meant: meant || undefined };
  });

const dnsName = checked((text) => {
  if (text.length <= 253 && text.split('.').every((label) => dnsLabelPattern.test(label) && label.length <= 63))
    return undefined;
  return { why: `"${text}" is not a DNS name` };
});

const network = (smallest: number, largest: number) =>
  checked((text) => {
    const parsed = parseCidr(text);
    if ('why' in parsed) return parsed;
    if (parsed.prefix > smallest || parsed.prefix < largest)
      return { why: `the prefix length of ${text} must lie between ${largest} and ${smallest}` };
    const top = Math.floor(parsed.first / 2 ** 24);
    if (top === 0 || top === 127 || top >= 224)
      return { why: `${text} is reserved (this host, loopback, or multicast) and cannot be routed` };
    return undefined;
  });

const range = checked((text) => {
  const parsed = parseRange(text);
  return 'why' in parsed ? parsed : undefined;
});

const address = checked((text) =>
  parseAddress(text) === undefined ? { why: `"${text}" is not an IPv4 address` } : undefined,
);

const duration = (least: string, most: string) =>
  checked((text) => {
    const seconds = secondsOf(text);
    if (seconds === undefined) return { why: `"${text}" is not a duration (a number and one of ms, s, m, h, d)` };
    if (seconds < secondsOf(least)! || seconds > secondsOf(most)!)
      return { why: `${text} is not between ${least} and ${most}` };
    return undefined;
  });

const path = z.string().min(1);
const absolutePath = checked((text) =>
  text.startsWith('/') ? undefined : { why: `"${text}" is not an absolute path` },
);

const serverUrl = checked((text) =>
  /^https:\/\/[^/\s]+$/.test(text) ? undefined : { why: `"${text}" is not an address of the form https://host:port` },
);

const httpUrl = checked((text) =>
  /^https?:\/\/[^/\s]+(\/\S*)?$/.test(text)
    ? undefined
    : { why: `"${text}" is not an address of the form http://host:port` },
);

const minikube = z.strictObject({
  profile: dnsLabel(63)
    .optional()
    .meta({ description: "Default: the cluster's name.", examples: ['east'] }),
  network: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'The network that all profiles share. Default: istio.', examples: ['istio'] }),
  memory: checked((text) =>
    /^\d+(b|k|m|g|kb|mb|gb)?$/i.test(text) ? undefined : { why: `"${text}" is no size that minikube knows` },
  )
    .optional()
    .meta({ description: 'Default: 8g.', examples: ['8g'] }),
  cpus: z
    .int()
    .min(1)
    .max(256)
    .optional()
    .meta({ description: "Default: minikube's own.", examples: [4] }),
  driver: dnsLabel(63)
    .optional()
    .meta({ description: "Default: minikube's choice.", examples: ['docker'] }),
  kubernetesVersion: z
    .string()
    .min(1)
    .optional()
    .meta({ description: "Default: minikube's own.", examples: ['v1.31.0'] }),
});

const kind = z.strictObject({
  name: dnsLabel(40)
    .optional()
    .meta({ description: "Default: the cluster's name.", examples: ['east'] }),
  image: z
    .string()
    .min(1)
    .optional()
    .meta({ description: "The node's image.", examples: ['kindest/node:v1.31.0'] }),
  metallb: path.optional().meta({
    description: "MetalLB's manifest, as a file or URL. Default: that of MetalLB 0.14.9.",
    examples: ['./metallb-native.yaml'],
  }),
});

const provider = z
  .union([
    z.enum(['embedded', 'minikube', 'kind']),
    z.strictObject({ minikube }),
    z.strictObject({ kind }),
    z.strictObject({
      existing: z.strictObject({
        context: z
          .string()
          .min(1)
          .meta({ description: 'A context of the kubeconfig.', examples: ['kind-east'] }),
        kubeconfig: path
          .optional()
          .meta({ description: 'Default: $KUBECONFIG, else ~/.kube/config.', examples: ['./kubeconfig'] }),
        internalServer: serverUrl.optional().meta({
          description: "Address of the API server for other clusters, where it is not the kubeconfig's.",
          examples: ['https://192.168.49.2:6443'],
        }),
      }),
    }),
  ])
  .meta({
    description: 'Where the cluster comes from: made here, or one that a kubeconfig knows.',
    examples: ['embedded', { minikube: { memory: '8g' } }, { existing: { context: 'kind-east' } }],
  });

const cluster = z.strictObject({
  // 40 leaves room for what is put before and behind the name in objects' names.
  name: dnsLabel(40).meta({
    description: "Istio's clusterName, the context in the kubeconfig, and the node's name.",
    examples: ['east'],
  }),
  network: dnsLabel(63).meta({
    description: "Istio's network. Workloads of one network reach each other without a gateway.",
    examples: ['network1'],
  }),
  role: z.enum(['primary', 'remote']).meta({
    description: 'A primary runs istiod; a remote is served by the istiod of its primary.',
    examples: ['primary'],
  }),
  primary: z
    .string()
    .optional()
    .meta({ description: "A remote's primary, by name.", examples: ['east'] }),
  provider: provider.optional(),
  podRange: network(26, 8)
    .optional()
    .meta({ description: "Pods' network. Default: 10.10.0.0/16, 10.20.0.0/16, ...", examples: ['10.10.0.0/16'] }),
  serviceRange: network(26, 8)
    .optional()
    .meta({ description: "Services' network. Default: 10.110.0.0/16, ...", examples: ['10.110.0.0/16'] }),
  loadBalancerRange: range.optional().meta({
    description: 'Addresses for Services of type LoadBalancer, as first-last or CIDR. Default: .20-.29, .30-.39, ...',
    examples: ['192.168.49.20-192.168.49.29'],
  }),
  node: z
    .strictObject({
      address: address.optional().meta({
        description: "The node's address on the shared network. Default: .2, .3, ...",
        examples: ['192.168.49.2'],
      }),
      locality: z
        .strictObject({
          region: dnsName.optional().meta({ description: 'topology.kubernetes.io/region.', examples: ['eu'] }),
          zone: dnsName.optional().meta({ description: 'topology.kubernetes.io/zone.', examples: ['eu-1'] }),
        })
        .optional(),
    })
    .optional()
    .meta({ description: 'The one node of an embedded cluster.' }),
});

const days = z.int().min(1).max(36_500);

const trust = z
  .strictObject({
    generated: z
      .strictObject({
        rootDays: days.optional().meta({ description: "The root's life. Default: 3650.", examples: [3650] }),
        intermediateDays: days
          .optional()
          .meta({ description: "Life of each cluster's intermediate. Default: 730.", examples: [730] }),
      })
      .optional()
      .meta({ description: 'A root made here, kept in the state folder (the default).' }),
    files: z
      .strictObject({
        rootCert: path.meta({ description: 'PEM file of the root certificate.', examples: ['./pki/root-cert.pem'] }),
        rootKey: path.optional().meta({
          description: "The root's key, to sign an intermediate per cluster.",
          examples: ['./pki/root-key.pem'],
        }),
        intermediateDays: days.optional().meta({ description: 'With rootKey only. Default: 730.', examples: [730] }),
        clusters: z
          .record(
            z.string(),
            z.strictObject({
              caCert: path.meta({ examples: ['./pki/east/ca-cert.pem'] }),
              caKey: path.meta({ examples: ['./pki/east/ca-key.pem'] }),
              certChain: path.meta({ examples: ['./pki/east/cert-chain.pem'] }),
            }),
          )
          .optional()
          .meta({ description: "Without rootKey: each cluster's intermediate, by the cluster's name." }),
      })
      .optional()
      .meta({ description: 'Your own root, and perhaps your own intermediates. Paths are relative to this file.' }),
    workloadTTL: duration('5m', '90d')
      .optional()
      .meta({
        description: "Life of workloads' certificates; renewed at half of it. Default: 24h.",
        examples: ['24h'],
      }),
  })
  .optional()
  .meta({ description: 'The common root of trust.' });

const image = z.strictObject({
  command: z
    .array(z.string())
    .min(1)
    .meta({
      description: 'The program and its first arguments.',
      examples: [['/usr/bin/python3', '-m', 'http.server']],
    }),
  args: z
    .array(z.string())
    .optional()
    .meta({ description: 'What the image calls CMD.', examples: [['8080']] }),
  env: z
    .record(z.string(), z.string())
    .optional()
    .meta({ examples: [{ MODE: 'test' }] }),
  workingDir: absolutePath.optional().meta({ examples: ['/srv'] }),
  mounts: z
    .array(absolutePath)
    .optional()
    .meta({ description: 'Folders of this machine that the container sees, read-only.', examples: [['/srv']] }),
});

const enabled = z.boolean().optional();

const implementation = z.enum(['isthmus', 'istio']).meta({
  description: "Isthmus' own istiod, or Istio's.",
  examples: ['istio'],
});

const controlPlane = z.strictObject({
  implementation: implementation.optional(),
  accessLog: enabled.meta({ description: 'Proxies log each request. Default: true.' }),
  installer: z
    .enum(['istioctl', 'helm'])
    .optional()
    .meta({ description: 'What renders the objects of Istio. Default: istioctl.', examples: ['istioctl'] }),
  program: path.optional().meta({
    description: 'The installer, by its path. Default: the one in PATH.',
    examples: ['./istio-1.31.0/bin/istioctl'],
  }),
  charts: path.optional().meta({
    description: "Istio's Helm charts: a folder with base and istiod, or a repository. Default: Istio's own.",
    examples: ['./istio-1.31.0/manifests/charts'],
  }),
  version: checked((text) =>
    /^\d+\.\d+([.-][\w.-]+)?$/.test(text)
      ? undefined
      : { why: `"${text}" is not a version of Istio`, meant: text.replace(/^v/, '') },
  )
    .optional()
    .meta({ description: "Version of Istio's images. Default: the installer's own.", examples: ['1.31.0'] }),
  hub: path.optional().meta({ description: 'Default: docker.io/istio.', examples: ['docker.io/istio'] }),
  revision: dnsLabel(56)
    .optional()
    .meta({ description: 'Revision of the control plane. Default: the default one.', examples: ['1-31-0'] }),
  envoy: z
    .enum(['istio', 'upstream'])
    .optional()
    .meta({
      description:
        "Which Envoy the proxies run. Upstream's lacks Istio's filters: they are switched off, and metrics come from an EnvoyFilter. Default: upstream in embedded clusters.",
      examples: ['istio'],
    }),
  values: z
    .record(z.string(), z.unknown())
    .optional()
    .meta({
      description: 'Helm values of Istio, beside those that Isthmus sets.',
      examples: [{ pilot: { env: { PILOT_DEBOUNCE_AFTER: '10ms' } } }],
    }),
});

const kiali = z.strictObject({
  enabled: enabled.meta({ description: 'Kiali, installed by Helm; for real clusters only. Default: false.' }),
  homeCluster: z
    .string()
    .optional()
    .meta({ description: 'The cluster in which Kiali runs. Default: the first primary.', examples: ['east'] }),
  managementCluster: z
    .strictObject({
      name: dnsLabel(40).meta({
        description: "Kiali's name for it, which no cluster of the mesh has.",
        examples: ['mgmt'],
      }),
      context: z
        .string()
        .min(1)
        .meta({ description: 'A context of the kubeconfig.', examples: ['kind-mgmt'] }),
      kubeconfig: path
        .optional()
        .meta({ description: 'Default: $KUBECONFIG, else ~/.kube/config.', examples: ['./kubeconfig'] }),
    })
    .optional()
    .meta({ description: 'A cluster outside of the mesh in which Kiali runs, in place of homeCluster.' }),
  auth: z
    .enum(['anonymous', 'token', 'openid'])
    .optional()
    .meta({
      description:
        "Kiali's auth.strategy; its details go under values. A token is one cluster's, so that token is for a single cluster. Default: anonymous.",
      examples: ['openid'],
    }),
  viewOnly: enabled.meta({ description: "Kiali's own accounts may only read. Default: true." }),
  prometheus: httpUrl.optional().meta({
    description: "The one Prometheus that has all clusters' series. Default: the home cluster's.",
    examples: ['http://thanos-query.monitoring:9090'],
  }),
  program: path
    .optional()
    .meta({ description: 'Helm, by its path. Default: the one in PATH.', examples: ['./bin/helm'] }),
  chart: path.optional().meta({
    description:
      "The chart kiali-server: a folder, an archive, an OCI reference or a repository. Default: Kiali's own repository.",
    examples: ['./kiali-server-2.31.0.tgz'],
  }),
  version: z
    .string()
    .min(1)
    .optional()
    .meta({ description: "The chart's version, from a repository. Default: the newest.", examples: ['2.31.0'] }),
  values: z
    .record(z.string(), z.unknown())
    .optional()
    .meta({
      description: 'Helm values of kiali-server, beside those that Isthmus sets.',
      examples: [{ deployment: { service_type: 'LoadBalancer' } }],
    }),
});

export const meshFileSchema = z.strictObject({
  apiVersion: z.literal('isthmus.dev/v1alpha1').meta({ examples: ['isthmus.dev/v1alpha1'] }),
  kind: z.literal('Mesh').meta({ examples: ['Mesh'] }),
  metadata: z.strictObject({
    name: dnsLabel(63).meta({ description: 'A name for this mesh, for people.', examples: ['east-west'] }),
  }),
  spec: z.strictObject({
    meshID: dnsLabel(63)
      .optional()
      .meta({ description: "Istio's meshID. Default: mesh1.", examples: ['mesh1'] }),
    trustDomain: dnsName.optional().meta({
      description: 'The first part of every SPIFFE identity. Default: cluster.local.',
      examples: ['cluster.local'],
    }),
    sharedNetwork: z
      .strictObject({
        cidr: network(28, 16)
          .optional()
          .meta({ description: 'Default: 192.168.49.0/24.', examples: ['192.168.49.0/24'] }),
      })
      .optional()
      .meta({ description: "The network of embedded clusters' nodes and load balancers." }),
    clusters: z
      .array(cluster)
      .min(1)
      .max(16)
      .meta({ description: 'One to sixteen clusters, at least one of them a primary.' }),
    trust,
    gateways: z
      .strictObject({
        eastWest: z
          .strictObject({
            replicas: z
              .int()
              .min(1)
              .max(5)
              .optional()
              .meta({ description: 'Default: 1.', examples: [1] }),
          })
          .optional()
          .meta({
            description:
              'The gateway by which other networks come in, and remotes to their control plane; in clusters that need one.',
          }),
      })
      .optional(),
    telemetry: z
      .strictObject({
        enabled: enabled.meta({ description: 'Prometheus in every cluster. Default: true.' }),
        federation: enabled.meta({
          description: "The primary's Prometheus takes in the others' series. Default: true.",
        }),
        scrapeInterval: duration('1s', '5m')
          .optional()
          .meta({ description: 'Default: 2s.', examples: ['15s'] }),
      })
      .optional(),
    sample: z
      .strictObject({
        enabled: enabled.meta({ description: 'helloworld and curl, by which the mesh is verified. Default: true.' }),
        namespace: dnsLabel(63)
          .optional()
          .meta({ description: 'Default: sample.', examples: ['sample'] }),
      })
      .optional(),
    controlPlane: z
      .union([implementation, controlPlane])
      .optional()
      .meta({
        description: 'Whose istiod runs, and how it is installed. Default: isthmus where all clusters are embedded.',
        examples: ['istio', { implementation: 'istio', installer: 'istioctl' }],
      }),
    kiali: kiali.optional(),
    images: z
      .record(z.string(), image)
      .optional()
      .meta({ description: 'Programs of this machine to run for an image reference, in embedded clusters.' }),
  }),
});

export type MeshFile = z.infer<typeof meshFileSchema>;
