/** Istio's configuration in all clusters: what there is, what is wrong in it, and where clusters differ. */
import type { IstioConfigItem } from '../../api.ts';
import { useDifferences, useIstioConfig } from '../api/queries.ts';
import { Answer, Frame, Problems } from '../common/answer.tsx';
import { DataTable } from '../common/data-table.tsx';
import { awayText, dayOf } from '../common/format.ts';
import { ChoiceMenu } from '../common/menus.tsx';
import { ClusterLabel, Mark } from '../common/status.tsx';
import { CreateMenu } from '../create/create-menu.tsx';
import { TabSet } from '../entities/tab-set.tsx';
import { objectHref, PageLink } from '../shell/links.tsx';
import { useParam, useScope } from '../shell/scope.ts';
import { Differences } from './differences.tsx';
import { worstOf } from './validation.ts';

export function ConfigPage() {
  const differences = useDifferences();
  const count = differences.data?.differences.length;
  return (
    <Frame
      title="Istio configuration"
      name="Istio configuration"
      description="Objects of Istio and of the Gateway API in all clusters"
      actions={<CreateMenu />}
    >
      <TabSet
        label="Views of the configuration"
        tabs={[
          { key: 'objects', title: 'Objects', content: () => <Objects /> },
          {
            key: 'differences',
            title: count === undefined ? 'Differences between clusters' : `Differences between clusters (${count})`,
            content: () => <Answer of={differences}>{(data) => <Differences data={data} />}</Answer>,
          },
        ]}
      />
    </Frame>
  );
}

function Objects() {
  const { scope } = useScope();
  const config = useIstioConfig(scope);
  const [kind, setKind] = useParam('kind');
  const [verdict, setVerdict] = useParam('verdict');
  return (
    <Answer of={config}>
      {(data) => (
        <>
          <Problems problems={data.problems} />
          <DataTable
            label="Objects of Istio's configuration"
            rows={data.items.filter(
              (item) => (!kind || item.kind === kind) && (!verdict || worstOf(item).tone === verdict),
            )}
            idOf={(item) => [item.cluster, item.namespace, item.apiVersion, item.kind, item.name].join('/')}
            textOf={(item) =>
              `${item.cluster} ${item.namespace} ${item.kind} ${item.name} ${item.validation.checks.map((check) => check.code).join(' ')}`
            }
            sortedBy={{ column: 0 }}
            nothing="No objects of Istio's configuration in the chosen clusters and namespaces"
            filters={
              <>
                <ChoiceMenu
                  label="Kind"
                  chosen={kind}
                  onChange={setKind}
                  options={[
                    { value: '', text: 'Any kind' },
                    ...[...new Set(data.items.map((item) => item.kind))]
                      .sort()
                      .map((one) => ({ value: one, text: one })),
                  ]}
                />
                <ChoiceMenu
                  label="Validation"
                  chosen={verdict}
                  onChange={setVerdict}
                  options={[
                    { value: '', text: 'Any validation' },
                    { value: 'bad', text: 'With errors' },
                    { value: 'warn', text: 'With warnings' },
                    { value: 'good', text: 'Valid' },
                  ]}
                />
              </>
            }
            columns={[
              { title: 'Validation', cell: (item) => <Verdict item={item} />, sort: (item) => worstOf(item).order },
              {
                title: 'Name',
                cell: (item) => <PageLink to={objectHref(item) ?? '/istio'}>{item.name}</PageLink>,
                sort: (item) => item.name,
              },
              { title: 'Kind', cell: (item) => item.kind, sort: (item) => item.kind },
              { title: 'Namespace', cell: (item) => item.namespace, sort: (item) => item.namespace },
              { title: 'Cluster', cell: (item) => <ClusterLabel name={item.cluster} />, sort: (item) => item.cluster },
              { title: 'In effect', cell: (item) => <InEffect item={item} />, sort: (item) => Number(item.inEffect) },
              {
                title: 'In other clusters',
                cell: (item) => <Elsewhere item={item} />,
                sort: (item) => item.elsewhere.length,
              },
              {
                title: 'Changed',
                cell: (item) => {
                  const time = item.updatedAt ?? item.createdAt;
                  return time ? (
                    <span title={dayOf(time)}>
                      {awayText(time, Date.now())}
                      {item.updatedBy && <span className="ist-quiet"> by {item.updatedBy}</span>}
                    </span>
                  ) : (
                    '–'
                  );
                },
                sort: (item) => item.updatedAt ?? item.createdAt ?? '',
              },
            ]}
          />
        </>
      )}
    </Answer>
  );
}

function Verdict({ item }: { item: IstioConfigItem }) {
  const { tone, text } = worstOf(item);
  const why = item.validation.checks.map((check) => (
    <div key={`${check.code} ${check.path}`}>
      {check.code}: {check.message}
    </div>
  ));
  return <Mark tone={tone} text={text} {...(why.length > 0 ? { why } : {})} />;
}

function InEffect({ item }: { item: IstioConfigItem }) {
  return item.inEffect ? (
    <>yes</>
  ) : (
    <Mark tone="warn" text="not in effect" why={item.notInEffectWhy ?? 'No control plane reads it.'} />
  );
}

function Elsewhere({ item }: { item: IstioConfigItem }) {
  return (
    <span className="ist-labels">
      {item.elsewhere.map((other) => (
        <span key={other.cluster} className={other.same ? undefined : 'ist-warn'}>
          {other.cluster}: {other.same ? 'the same' : 'differs'}
        </span>
      ))}
    </span>
  );
}
