/** A new object as a text. The completion knows the kind's schema as the cluster has it. */
import { Alert, Button, Toolbar, ToolbarContent, ToolbarItem } from '@patternfly/react-core';
import { useState } from 'react';
import { parseDocument } from 'yaml';
import type { ConfigKind } from '../../api.ts';
import type { ConfigObject } from '../../wizards/objects.ts';
import { useApi, useNamespaces, usePermissions, useServerConfig } from '../api/queries.ts';
import { ChoiceMenu } from '../common/menus.tsx';
import type { Schema } from '../config/schema-path.ts';
import { YamlEditor } from '../config/yaml-editor.tsx';
import { istioApiVersions } from '../shell/links.tsx';
import { useParam } from '../shell/scope.ts';
import { Review } from './review.tsx';
import { useTargets } from './targets.tsx';
import { templateOf } from './templates.ts';
import { keyOf, type Write } from './writes.ts';

export function NewFromYaml() {
  const [kind, setKind] = useParam('kind', 'VirtualService');
  const [namespace, setNamespace] = useParam('namespace');
  const [cluster, setCluster] = useParam('cluster');
  const namespaces = useNamespaces().data ?? [];
  const targets = useTargets([]);
  const target = cluster || (targets?.offered[0]?.name ?? '');
  const names = [...new Set(namespaces.filter((one) => one.cluster === target).map((one) => one.name))].sort();
  return (
    <>
      <Toolbar>
        <ToolbarContent>
          <ToolbarItem>
            <ChoiceMenu
              label="Kind"
              chosen={kind}
              onChange={setKind}
              options={Object.keys(istioApiVersions).map((one) => ({ value: one, text: one }))}
            />
          </ToolbarItem>
          <ToolbarItem>
            <ChoiceMenu
              label="Cluster"
              chosen={target}
              onChange={setCluster}
              options={(targets?.offered ?? []).map(({ name }) => ({
                value: name,
                text: name,
                description: 'its istiod reads configuration here',
              }))}
            />
          </ToolbarItem>
          <ToolbarItem>
            <ChoiceMenu
              label="Namespace"
              chosen={namespace}
              onChange={setNamespace}
              options={[
                ...(namespace ? [] : [{ value: '', text: 'Choose a namespace' }]),
                ...names.map((name) => ({ value: name, text: name })),
              ]}
            />
          </ToolbarItem>
        </ToolbarContent>
      </Toolbar>
      {target && <Editor key={`${kind} ${target} ${namespace}`} kind={kind} cluster={target} namespace={namespace} />}
    </>
  );
}

function Editor({ kind, cluster, namespace }: { kind: string; cluster: string; namespace: string }) {
  const apiVersion = istioApiVersions[kind] ?? '';
  const [text, setText] = useState(() => templateOf(apiVersion, kind, namespace));
  const [write, setWrite] = useState<Write>();
  const allowEdit = useServerConfig().data?.allowEdit ?? false;
  const permissions = usePermissions(cluster, namespace);
  const known = useApi<ConfigKind>(`istio/kinds/${apiVersion}/${kind}`, { clusterName: cluster }, []);
  const read = objectIn(text, { apiVersion, kind });
  const refused =
    namespace && permissions.data && !permissions.data.create.includes(kind)
      ? (permissions.data.why ?? `You may not make a ${kind} in ${namespace} of ${cluster}.`)
      : undefined;
  if (write) return <Review writes={[write]} onBack={() => setWrite(undefined)} />;
  return (
    <div className="ist-stack">
      <div className="ist-actions">
        <Button
          isDisabled={!allowEdit || 'mistake' in read || refused !== undefined}
          onClick={() => 'object' in read && setWrite({ key: keyOf(cluster, read.object), isNew: true, text })}
        >
          Show what would be made
        </Button>
        {'mistake' in read && <span className="ist-warn">{read.mistake}</span>}
        {!('mistake' in read) && known.error && <span className="ist-quiet">No completion: {known.error.message}</span>}
      </div>
      {!allowEdit && (
        <Alert variant="info" isInline title="This console only reads">
          Start it with --allow-edit to write; the text can be copied meanwhile.
        </Alert>
      )}
      {allowEdit && refused && <Alert variant="warning" isInline title={refused} />}
      <YamlEditor
        key={known.data?.kind ?? 'no schema yet'}
        text={text}
        label={`New ${kind}`}
        onChange={setText}
        {...(known.data?.schema ? { schema: known.data.schema as Schema } : {})}
      />
    </div>
  );
}

/** The object in a text, or what is missing in it. */
function objectIn(
  text: string,
  wanted: { apiVersion: string; kind: string },
): { object: ConfigObject } | { mistake: string } {
  const document = parseDocument(text);
  const [error] = document.errors;
  if (error) return { mistake: error.message.split('\n')[0]! };
  const object = document.toJS() as Partial<ConfigObject> | null;
  if (object?.apiVersion !== wanted.apiVersion || object.kind !== wanted.kind)
    return { mistake: `The text must be of ${wanted.apiVersion} ${wanted.kind}.` };
  if (!object.metadata?.name) return { mistake: 'metadata.name is missing.' };
  if (!object.metadata.namespace) return { mistake: 'metadata.namespace is missing.' };
  return { object: object as ConfigObject };
}
