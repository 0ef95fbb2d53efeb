/** The namespace, and the service, that a wizard is about; both are in the address. */
import { Toolbar, ToolbarContent, ToolbarItem } from '@patternfly/react-core';
import type { UseQueryResult } from '@tanstack/react-query';
import type { ServiceDetails } from '../../api.ts';
import { entityPath } from '../api/client.ts';
import { useApi, useNamespaces, useServices } from '../api/queries.ts';
import { ChoiceMenu } from '../common/menus.tsx';
import { useParam } from '../shell/scope.ts';
import type { Subject } from './wizard.ts';

const everywhere = { clusters: [], namespaces: [], duration: 60 };

interface SubjectMenusProps {
  /** Without a service it is about the whole namespace. */
  needsService: boolean;
}

export function SubjectMenus({ needsService }: SubjectMenusProps) {
  const [namespace, setNamespace] = useParam('namespace');
  const [service, setService] = useParam('service');
  const namespaces = useNamespaces().data ?? [];
  const services = useServices({ ...everywhere, namespaces: namespace ? [namespace] : [] }).data?.services ?? [];
  const names = [...new Set(services.filter((one) => one.namespace === namespace).map((one) => one.name))].sort();
  return (
    <Toolbar>
      <ToolbarContent>
        <ToolbarItem>
          <ChoiceMenu
            label="Namespace"
            chosen={namespace}
            onChange={(next) => {
              setNamespace(next);
              setService('');
            }}
            options={[
              ...(namespace ? [] : [{ value: '', text: 'Choose a namespace' }]),
              ...[...new Set(namespaces.map((one) => one.name))].sort().map((name) => ({
                value: name,
                text: name,
                description: namespaces
                  .filter((one) => one.name === name)
                  .map((one) => one.cluster)
                  .join(', '),
              })),
            ]}
          />
        </ToolbarItem>
        {namespace && (
          <ToolbarItem>
            <ChoiceMenu
              label="Service"
              chosen={service}
              onChange={setService}
              options={[
                { value: '', text: needsService ? 'Choose a service' : 'All workloads of the namespace' },
                ...names.map((name) => ({ value: name, text: name })),
              ]}
            />
          </ToolbarItem>
        )}
      </ToolbarContent>
    </Toolbar>
  );
}

/** Clusters that have the subject, and the subject once it is known. */
export function useSubject(): { subject?: Subject; clusters: string[]; service: UseQueryResult<ServiceDetails> } {
  const [namespace] = useParam('namespace');
  const [name] = useParam('service');
  const places = (useNamespaces().data ?? []).filter((one) => one.name === namespace).map((one) => one.cluster);
  const services = useServices({ ...everywhere, namespaces: [namespace] }).data?.services ?? [];
  const found = services.filter((one) => one.namespace === namespace && one.name === name);
  const service = useApi<ServiceDetails>(
    entityPath(namespace, 'services', name),
    { clusterName: found[0]?.cluster },
    ['services', 'workloads'],
    { enabled: found.length > 0 },
  );
  if (namespace === '') return { clusters: [], service };
  if (name === '') return { subject: { namespace }, clusters: places, service };
  const details = service.data?.name === name && service.data.namespace === namespace ? service.data : undefined;
  if (!details) return { clusters: found.map((one) => one.cluster), service };
  const versions = [...new Set(details.workloads.flatMap(({ version }) => version ?? []))].sort();
  return {
    clusters: found.map((one) => one.cluster),
    service,
    subject: { namespace, service: { name, namespace, versions, selector: details.selector } },
  };
}
