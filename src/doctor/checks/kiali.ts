import { type Deployment, kinds } from '../../kube/index.ts';
import { whyNotAvailable } from '../../mesh/index.ts';
import { type Check, type Found, kubectl, objectOf, textOf } from '../check.ts';
import type { Patient } from '../patient.ts';
import { kialiSecrets } from '../remote-secrets.ts';
import { faultOf } from './remote-credentials.ts';

/** Kiali's own label on its Deployment, whoever installs it. */
const appLabel = 'app.kubernetes.io/name';

/** Kiali joins what it reads of a cluster with metrics and with istiod by the cluster's name: the key in its Secret must be Istio's. */
export const kiali: Check = {
  code: 'ISM901',
  title: 'Kiali, where it is installed, runs and can read the clusters that it is told of',
  run: async (patient) => (await Promise.all([deployments(patient), secrets(patient)])).flat(),
};

async function deployments({ clusters, outside }: Patient): Promise<Found[]> {
  const found = await Promise.all(
    [...clusters, ...outside].map(async (cluster): Promise<Found[]> => {
      const all = await cluster.list<Deployment>(kinds.Deployment);
      return all
        .filter(({ metadata }) => metadata.labels?.[appLabel] === 'kiali')
        .flatMap((deployment) => {
          const lack = whyNotAvailable(deployment);
          if (!lack) return [];
          const object = objectOf(cluster.name, deployment, 'Deployment');
          const logs = `${kubectl(cluster.name, object.namespace)} logs deployment/${object.name}`;
          return [{ severity: 'error', message: `${textOf(object)} does not serve: ${lack.why}.`, object, fix: logs }];
        });
    }),
  );
  return found.flat();
}

async function secrets(patient: Patient): Promise<Found[]> {
  const { clusters } = patient;
  const found = await Promise.all(
    (await kialiSecrets(patient)).map(async (one): Promise<Found[]> => {
      const object = objectOf(one.primary.name, one.secret, 'Secret');
      const remote = clusters.find((each) => each.id === one.id);
      const unread = clusters.filter((each) => each !== one.primary).map((each) => each.id);
      const fault =
        remote || unread.length === 0
          ? await faultOf(one, remote, 'Kiali')
          : {
              text: `no cluster that is looked at calls itself so (they are ${unread.join(', ')}): what is read there is joined with nothing`,
            };
      if (!fault) return [];
      const severity = fault.soon ? 'warning' : 'error';
      const fix = `isthmus secret rotate, or make it anew: ${kubectl(one.primary.name, object.namespace)} delete secret ${object.name}`;
      return [{ severity, message: `${textOf(object)}, key ${one.id}: ${fault.text}.`, object, fix }];
    }),
  );
  return found.flat();
}
