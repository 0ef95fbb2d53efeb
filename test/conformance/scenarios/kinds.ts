/** Defaults and refusals of the kinds that a mesh consists of. */
import { create } from '../create.ts';
import type { Scenario } from '../exchange.ts';

const core = (plural: string): string => `/api/v1/namespaces/default/${plural}`;
const apps = (plural: string): string => `/apis/apps/v1/namespaces/default/${plural}`;
const container = { name: 'c', image: 'busybox' };
const template = (app: string, spec: object = { containers: [container] }) => ({ metadata: { labels: { app } }, spec });
const selector = (app: string) => ({ matchLabels: { app } });

export const pods: Scenario = {
  name: 'pods',
  steps: [
    create('account', core('serviceaccounts'), { metadata: { name: 'default' } }),
    create('the least pod', core('pods'), { metadata: { name: 'least' }, spec: { containers: [container] } }),
    create('a whole pod', core('pods'), {
      metadata: { name: 'whole', labels: { app: 'x' } },
      spec: {
        automountServiceAccountToken: false,
        initContainers: [
          {
            name: 'sidecar',
            image: 'x:1',
            restartPolicy: 'Always',
            startupProbe: { httpGet: { port: 15021, path: '/ready' } },
          },
        ],
        containers: [
          {
            name: 'main',
            image: 'registry.example/app@sha256:0000000000000000000000000000000000000000000000000000000000000000',
            env: [
              { name: 'A', value: 'b' },
              { name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
            ],
            ports: [{ containerPort: 80 }],
            resources: { limits: { cpu: '0.5', memory: '128Mi' }, requests: { cpu: '100m' } },
            readinessProbe: { tcpSocket: { port: 80 } },
            livenessProbe: { exec: { command: ['true'] } },
            lifecycle: { preStop: { sleep: { seconds: 5 } } },
            volumeMounts: [{ name: 'config', mountPath: '/etc/x' }],
            securityContext: { capabilities: { add: ['NET_ADMIN'] } },
          },
        ],
        volumes: [
          { name: 'config', configMap: { name: 'x' } },
          { name: 'secret', secret: { secretName: 'x' } },
          { name: 'empty', emptyDir: {} },
          {
            name: 'token',
            projected: {
              sources: [
                { serviceAccountToken: { path: 'token' } },
                { downwardAPI: { items: [{ path: 'l', fieldRef: { fieldPath: 'metadata.labels' } }] } },
              ],
            },
          },
        ],
      },
    }),
    create('numbers as quantities', core('pods'), {
      metadata: { name: 'numbers' },
      spec: {
        containers: [
          { ...container, resources: { limits: { cpu: 1, memory: '1.5Gi' }, requests: { cpu: 0.25, memory: 2000 } } },
        ],
      },
    }),
    create('a priority that is there', core('pods'), {
      metadata: { name: 'important' },
      spec: { priorityClassName: 'system-cluster-critical', containers: [container] },
    }),
    create('a priority that is not there', core('pods'), {
      metadata: { name: 'bad' },
      spec: { priorityClassName: 'none', containers: [container] },
    }),
    create('no containers', core('pods'), { metadata: { name: 'bad' }, spec: { containers: [] } }),
    create('no image', core('pods'), { metadata: { name: 'bad' }, spec: { containers: [{ name: 'c' }] } }),
    create('two of a name', core('pods'), { metadata: { name: 'bad' }, spec: { containers: [container, container] } }),
    create('a mount of nothing', core('pods'), {
      metadata: { name: 'bad' },
      spec: { containers: [{ ...container, volumeMounts: [{ name: 'none', mountPath: '/x' }] }] },
    }),
    create('a bad port', core('pods'), {
      metadata: { name: 'bad' },
      spec: { containers: [{ ...container, ports: [{ containerPort: 70000 }] }] },
    }),
    create('a bad quantity', core('pods'), {
      metadata: { name: 'bad' },
      spec: { containers: [{ ...container, resources: { limits: { cpu: 'many' } } }] },
    }),
    create('requests above limits', core('pods'), {
      metadata: { name: 'bad' },
      spec: { containers: [{ ...container, resources: { limits: { cpu: '1' }, requests: { cpu: '2' } } }] },
    }),
    create('a bad restart policy', core('pods'), {
      metadata: { name: 'bad' },
      spec: { restartPolicy: 'Sometimes', containers: [container] },
    }),
    create('two handlers', core('pods'), {
      metadata: { name: 'bad' },
      spec: { containers: [{ ...container, livenessProbe: { exec: { command: ['a'] }, tcpSocket: { port: 1 } } }] },
    }),
    create('no such account', core('pods'), {
      metadata: { name: 'bad' },
      spec: { serviceAccountName: 'none', containers: [container] },
    }),
    create('a volume without a source', core('pods'), {
      metadata: { name: 'bad' },
      spec: { containers: [container], volumes: [{ name: 'v' }] },
    }),
    {
      name: 'another image',
      method: 'PATCH',
      path: `${core('pods')}/least`,
      contentType: 'application/merge-patch+json',
      body: { spec: { containers: [{ ...container, image: 'other' }] } },
    },
    {
      name: 'a fixed field',
      method: 'PATCH',
      path: `${core('pods')}/least`,
      contentType: 'application/strategic-merge-patch+json',
      body: { spec: { hostNetwork: true } },
    },
    create('bind', `${core('pods')}/least/binding`, {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { name: 'least' },
      target: { kind: 'Node', name: 'node' },
    }),
    create('bind again', `${core('pods')}/least/binding`, {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { name: 'least' },
      target: { kind: 'Node', name: 'other' },
    }),
    { name: 'as a bound pod', method: 'GET', path: `${core('pods')}/least` },
    {
      name: 'phase',
      method: 'PATCH',
      path: `${core('pods')}/least/status`,
      contentType: 'application/strategic-merge-patch+json',
      body: {
        status: {
          phase: 'Running',
          podIP: '10.0.0.1',
          podIPs: [{ ip: '10.0.0.1' }],
          conditions: [{ type: 'Ready', status: 'True' }],
        },
      },
    },
    { name: 'by node', method: 'GET', path: `${core('pods')}?fieldSelector=spec.nodeName%3Dnode` },
    { name: 'by phase', method: 'GET', path: `${core('pods')}?fieldSelector=status.phase%3DRunning` },
    { name: 'by an unknown field', method: 'GET', path: `${core('pods')}?fieldSelector=spec.nothing%3Dx` },
    { name: 'a table', method: 'GET', path: core('pods'), accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' },
    { name: 'delete a bound pod', method: 'DELETE', path: `${core('pods')}/least` },
    { name: 'delete at once', method: 'DELETE', path: `${core('pods')}/least?gracePeriodSeconds=0` },
    { name: 'delete an unbound pod', method: 'DELETE', path: `${core('pods')}/whole` },
  ],
};

export const services: Scenario = {
  name: 'services',
  steps: [
    create('the least', core('services'), { metadata: { name: 'least' }, spec: { ports: [{ port: 80 }] } }),
    create('headless', core('services'), {
      metadata: { name: 'headless' },
      spec: { clusterIP: 'None', selector: { a: 'b' }, ports: [{ name: 'a', port: 80, targetPort: 'http' }] },
    }),
    create('balanced', core('services'), {
      metadata: { name: 'balanced' },
      spec: {
        type: 'LoadBalancer',
        ports: [
          { name: 'a', port: 80, appProtocol: 'http' },
          { name: 'b', port: 80, protocol: 'UDP' },
        ],
      },
    }),
    create('node port', core('services'), {
      metadata: { name: 'node-port' },
      spec: { type: 'NodePort', ports: [{ port: 80, nodePort: 31234 }] },
    }),
    create('node port taken', core('services'), {
      metadata: { name: 'node-port2' },
      spec: { type: 'NodePort', ports: [{ port: 80, nodePort: 31234 }] },
    }),
    create('node port out of range', core('services'), {
      metadata: { name: 'node-port3' },
      spec: { type: 'NodePort', ports: [{ port: 80, nodePort: 80 }] },
    }),
    create('external', core('services'), {
      metadata: { name: 'external' },
      spec: { type: 'ExternalName', externalName: 'example.com' },
    }),
    create('external without a name', core('services'), { metadata: { name: 'bad' }, spec: { type: 'ExternalName' } }),
    create('a bad name', core('services'), { metadata: { name: '1bad' }, spec: { ports: [{ port: 80 }] } }),
    create('a node port without the type for it', core('services'), {
      metadata: { name: 'bad' },
      spec: { ports: [{ port: 80, nodePort: 31235 }] },
    }),
    create('of a family that is not there', core('services'), {
      metadata: { name: 'bad' },
      spec: { ipFamilies: ['IPv6'], ports: [{ port: 80 }] },
    }),
    create('of two families', core('services'), {
      metadata: { name: 'bad' },
      spec: { ipFamilyPolicy: 'RequireDualStack', ports: [{ port: 80 }] },
    }),
    create('with an owner by half', core('services'), {
      metadata: { name: 'bad', ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'x' }] },
      spec: { ports: [{ port: 80 }] },
    }),
    create('no ports', core('services'), { metadata: { name: 'bad' }, spec: {} }),
    create('ports without names', core('services'), {
      metadata: { name: 'bad' },
      spec: { ports: [{ port: 80 }, { port: 81 }] },
    }),
    create('two of a name', core('services'), {
      metadata: { name: 'bad' },
      spec: {
        ports: [
          { name: 'a', port: 80 },
          { name: 'a', port: 81 },
        ],
      },
    }),
    create('two of a port', core('services'), {
      metadata: { name: 'bad' },
      spec: {
        ports: [
          { name: 'a', port: 80 },
          { name: 'b', port: 80 },
        ],
      },
    }),
    create('an address out of range', core('services'), {
      metadata: { name: 'bad' },
      spec: { clusterIP: '10.99.0.1', ports: [{ port: 80 }] },
    }),
    create('an address that is none', core('services'), {
      metadata: { name: 'bad' },
      spec: { clusterIP: 'x', ports: [{ port: 80 }] },
    }),
    create('a bad affinity', core('services'), {
      metadata: { name: 'bad' },
      spec: { sessionAffinity: 'x', ports: [{ port: 80 }] },
    }),
    {
      name: 'to headless',
      method: 'PATCH',
      path: `${core('services')}/least`,
      contentType: 'application/merge-patch+json',
      body: { spec: { type: 'NodePort' } },
    },
    {
      name: 'back',
      method: 'PATCH',
      path: `${core('services')}/least`,
      contentType: 'application/merge-patch+json',
      body: { spec: { type: 'ClusterIP' } },
    },
    { name: 'a table', method: 'GET', path: core('services'), accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' },
    create('slice', '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices', {
      metadata: { name: 'slice' },
      addressType: 'IPv4',
      endpoints: [{ addresses: ['10.0.0.1'] }],
      ports: [{ port: 80 }],
    }),
    create('slice of bad address', '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices', {
      metadata: { name: 'bad' },
      addressType: 'IPv4',
      endpoints: [{ addresses: ['x'] }],
    }),
    create('endpoints', core('endpoints'), {
      metadata: { name: 'least' },
      subsets: [{ addresses: [{ ip: '10.0.0.1' }], ports: [{ port: 80 }] }],
    }),
  ],
};

export const workloads: Scenario = {
  name: 'workloads',
  steps: [
    create('deployment', apps('deployments'), {
      metadata: { name: 'd' },
      spec: { selector: selector('d'), template: template('d') },
    }),
    create('no selector', apps('deployments'), { metadata: { name: 'bad' }, spec: { template: template('d') } }),
    create('another selector', apps('deployments'), {
      metadata: { name: 'bad' },
      spec: { selector: selector('x'), template: template('d') },
    }),
    create('never restarted', apps('deployments'), {
      metadata: { name: 'bad' },
      spec: { selector: selector('d'), template: template('d', { restartPolicy: 'Never', containers: [container] }) },
    }),
    create('fewer than none', apps('deployments'), {
      metadata: { name: 'bad' },
      spec: { replicas: -1, selector: selector('d'), template: template('d') },
    }),
    create('a bad surge', apps('deployments'), {
      metadata: { name: 'bad' },
      spec: {
        strategy: { type: 'Recreate', rollingUpdate: { maxSurge: 1 } },
        selector: selector('d'),
        template: template('d'),
      },
    }),
    { name: 'scale', method: 'GET', path: `${apps('deployments')}/d/scale` },
    {
      name: 'scale up',
      method: 'PATCH',
      path: `${apps('deployments')}/d/scale`,
      contentType: 'application/merge-patch+json',
      body: { spec: { replicas: 3 } },
    },
    { name: 'generation', method: 'GET', path: `${apps('deployments')}/d` },
    {
      name: 'only a label',
      method: 'PATCH',
      path: `${apps('deployments')}/d`,
      contentType: 'application/merge-patch+json',
      body: { metadata: { labels: { a: 'b' } } },
    },
    {
      name: 'another selector later',
      method: 'PATCH',
      path: `${apps('deployments')}/d`,
      contentType: 'application/merge-patch+json',
      body: { spec: { selector: { matchLabels: { b: 'c' } } } },
    },
    {
      name: 'a table',
      method: 'GET',
      path: apps('deployments'),
      accept: 'application/json;as=Table;v=v1;g=meta.k8s.io',
    },
    create('replica set', apps('replicasets'), {
      metadata: { name: 'r' },
      spec: { selector: selector('r'), template: template('r') },
    }),
    create('replication controller', core('replicationcontrollers'), {
      metadata: { name: 'rc' },
      spec: { template: template('rc') },
    }),
    create('stateful set with a strategy', apps('statefulsets'), {
      metadata: { name: 'strategic' },
      spec: { updateStrategy: { type: 'RollingUpdate' }, selector: selector('s'), template: template('s') },
    }),
    create('on the network of the host', apps('deployments'), {
      metadata: { name: 'host' },
      spec: {
        selector: selector('h'),
        template: template('h', { hostNetwork: true, containers: [{ ...container, ports: [{ containerPort: 80 }] }] }),
      },
    }),
    create('stateful set', apps('statefulsets'), {
      metadata: { name: 's' },
      spec: { serviceName: 's', selector: selector('s'), template: template('s') },
    }),
    create('stateful set with claims', apps('statefulsets'), {
      metadata: { name: 'claiming' },
      spec: {
        serviceName: 's',
        selector: selector('c'),
        template: template('c'),
        volumeClaimTemplates: [
          {
            metadata: { name: 'data' },
            spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
          },
        ],
      },
    }),
    create('daemon set', apps('daemonsets'), {
      metadata: { name: 'ds' },
      spec: { selector: selector('ds'), template: template('ds') },
    }),
    create('job', '/apis/batch/v1/namespaces/default/jobs', {
      metadata: { name: 'j' },
      spec: { template: { spec: { restartPolicy: 'Never', containers: [container] } } },
    }),
    create('job that always restarts', '/apis/batch/v1/namespaces/default/jobs', {
      metadata: { name: 'bad' },
      spec: { template: { spec: { containers: [container] } } },
    }),
    create('cron job', '/apis/batch/v1/namespaces/default/cronjobs', {
      metadata: { name: 'cj' },
      spec: {
        schedule: '*/5 * * * *',
        jobTemplate: { spec: { template: { spec: { restartPolicy: 'OnFailure', containers: [container] } } } },
      },
    }),
    create('cron job with a bad schedule', '/apis/batch/v1/namespaces/default/cronjobs', {
      metadata: { name: 'bad' },
      spec: {
        schedule: 'often',
        jobTemplate: { spec: { template: { spec: { restartPolicy: 'OnFailure', containers: [container] } } } },
      },
    }),
    create('autoscaler', '/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers', {
      metadata: { name: 'h' },
      spec: { maxReplicas: 5, scaleTargetRef: { kind: 'Deployment', name: 'd', apiVersion: 'apps/v1' } },
    }),
    create('budget', '/apis/policy/v1/namespaces/default/poddisruptionbudgets', {
      metadata: { name: 'p' },
      spec: { minAvailable: 1, selector: selector('d') },
    }),
    create('network policy', '/apis/networking.k8s.io/v1/namespaces/default/networkpolicies', {
      metadata: { name: 'n' },
      spec: { podSelector: {}, ingress: [{ ports: [{ port: 80 }] }] },
    }),
    create('ingress', '/apis/networking.k8s.io/v1/namespaces/default/ingresses', {
      metadata: { name: 'i' },
      spec: {
        rules: [
          {
            http: {
              paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'x', port: { number: 80 } } } }],
            },
          },
        ],
      },
    }),
    create('ingress without a path type', '/apis/networking.k8s.io/v1/namespaces/default/ingresses', {
      metadata: { name: 'bad' },
      spec: {
        rules: [{ http: { paths: [{ path: '/', backend: { service: { name: 'x', port: { number: 80 } } } }] } }],
      },
    }),
    create('lease', '/apis/coordination.k8s.io/v1/namespaces/default/leases', {
      metadata: { name: 'l' },
      spec: { holderIdentity: 'x', leaseDurationSeconds: 15 },
    }),
    create('event', core('events'), {
      metadata: { name: 'e' },
      involvedObject: { kind: 'Pod', name: 'x', namespace: 'default' },
      reason: 'R',
      message: 'm',
      type: 'Normal',
    }),
    create('node', '/api/v1/nodes', { metadata: { name: 'node' } }),
    create('class', '/apis/storage.k8s.io/v1/storageclasses', {
      metadata: { name: 'fast' },
      provisioner: 'example.com/x',
    }),
    create('claim', core('persistentvolumeclaims'), {
      metadata: { name: 'c' },
      spec: { storageClassName: 'fast', accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    }),
    create('limits', core('limitranges'), {
      metadata: { name: 'l' },
      spec: { limits: [{ type: 'Container', default: { cpu: '1' } }] },
    }),
  ],
};
