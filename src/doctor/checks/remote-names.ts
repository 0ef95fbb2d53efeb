import { type Check, type Found, kubectl, objectOf, textOf } from '../check.ts';
import { remoteSecrets } from '../remote-secrets.ts';

/** The key of a remote secret is the cluster's ID; the first owner of an ID keeps it. */
export const remoteNames: Check = {
  code: 'ISM603',
  title: 'remote secrets name clusters as these call themselves, once each',
  async run(patient) {
    const all = await remoteSecrets(patient);
    return all.flatMap((one): Found[] => {
      const object = objectOf(one.primary.name, one.secret, 'Secret');
      const fix = `${kubectl(one.primary.name, patient.system)} delete secret ${one.secret.metadata.name}`;
      if (one.id === one.primary.id)
        return [
          {
            severity: 'warning' as const,
            message: `${textOf(object)} has the key ${one.id}, which is istiod's own cluster: it is ignored.`,
            object,
            fix,
          },
        ];
      const twin = all.find((other) => other !== one && other.primary === one.primary && other.id === one.id);
      if (twin && all.indexOf(twin) < all.indexOf(one))
        return [
          {
            severity: 'error' as const,
            message: `${textOf(object)} has the key ${one.id}, as ${twin.secret.metadata.name} has: istiod keeps the first that it sees and ignores the other.`,
            object,
            fix,
          },
        ];
      if (patient.clusters.some((cluster) => cluster.id === one.id)) return [];
      const unnamed = patient.clusters.filter(
        (cluster) => !cluster.istiod && !all.some((other) => other.primary === one.primary && other.id === cluster.id),
      );
      if (unnamed.length === 0) return [];
      return [
        {
          severity: 'error' as const,
          message: `${textOf(object)} has the key ${one.id}; no cluster that is looked at calls itself so (${unnamed.map((each) => `${each.name} calls itself ${each.id}`).join(', ')}). Its proxies get no certificates.`,
          object,
          fix: `istioctl create-remote-secret --context=${unnamed[0]!.name} --name=${unnamed[0]!.id} | ${kubectl(one.primary.name)} apply -f -`,
        },
      ];
    });
  },
};
