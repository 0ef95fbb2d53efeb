/** One object of Istio's configuration: its text, what is wrong in it, where else it is; and its change, which is shown before it is made. */
import { Alert, Breadcrumb, BreadcrumbItem, Button, Grid, GridItem } from '@patternfly/react-core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import type { ConfigChange, IstioConfigDetails } from '../../api.ts';
import { sendText } from '../api/client.ts';
import { type ConfigKey, configPath, useConfigObject } from '../api/queries.ts';
import { Answer, Failure, Frame } from '../common/answer.tsx';
import { Facts } from '../common/facts.tsx';
import { dayOf } from '../common/format.ts';
import { ClusterLabel, Mark } from '../common/status.tsx';
import { ObjectLink, objectHref, PageLink } from '../shell/links.tsx';
import { DeleteObject } from './delete-object.tsx';
import { ChangeSummary, Checks } from './object-parts.tsx';
import type { Schema } from './schema-path.ts';
import { worstOf } from './validation.ts';
import { YamlEditor } from './yaml-editor.tsx';

export function ObjectPage(key: ConfigKey) {
  const object = useConfigObject(key);
  return (
    <Frame
      name={`${key.kind} ${key.name}`}
      title={
        <span className="ist-card-title">
          {key.name} <ClusterLabel name={key.cluster} />
          {object.data && <Mark {...worstOf(object.data)} />}
        </span>
      }
      description={
        <Breadcrumb>
          <BreadcrumbItem>
            <PageLink to="/istio">Istio configuration</PageLink>
          </BreadcrumbItem>
          <BreadcrumbItem>{key.cluster}</BreadcrumbItem>
          <BreadcrumbItem>{key.namespace}</BreadcrumbItem>
          <BreadcrumbItem isActive>
            {key.kind} {key.name}
          </BreadcrumbItem>
        </Breadcrumb>
      }
    >
      <Answer of={object}>
        {(data) => <ObjectView key={data.name} address={key} object={data} again={() => void object.refetch()} />}
      </Answer>
    </Frame>
  );
}

interface ObjectViewProps {
  address: ConfigKey;
  object: IstioConfigDetails;
  again: () => void;
}

function ObjectView({ address, object, again }: ObjectViewProps) {
  const [draft, setDraft] = useState<string>();
  const put = useMutation({
    mutationFn: ({ text, dryRun }: { text: string; dryRun: boolean }) =>
      sendText<ConfigChange>('PUT', configPath(address), { clusterName: address.cluster, dryRun }, text),
    onSuccess: (change) => {
      if (change.dryRun) return;
      setDraft(undefined);
      again();
    },
  });
  const shown = put.data?.dryRun && draft !== undefined ? put.data : undefined;
  const checks = shown?.checks ?? object.validation.checks;
  return (
    <Grid hasGutter>
      <GridItem lg={8}>
        <div className="ist-actions">
          {object.editable && draft === undefined && (
            <Button variant="secondary" onClick={() => setDraft(object.yaml)}>
              Edit
            </Button>
          )}
          {draft === undefined && <DeleteObject address={address} object={object} />}
          {draft !== undefined && !shown && (
            <>
              <Button
                isDisabled={draft === object.yaml}
                isLoading={put.isPending}
                onClick={() => put.mutate({ text: draft, dryRun: true })}
              >
                Show what would change
              </Button>
              <Button variant="link" onClick={() => setDraft(undefined)}>
                Cancel
              </Button>
            </>
          )}
          {shown && (
            <>
              <Button
                isDisabled={!shown.changed}
                isLoading={put.isPending}
                onClick={() => put.mutate({ text: draft!, dryRun: false })}
              >
                Save in {address.cluster}
              </Button>
              <Button variant="link" onClick={() => put.reset()}>
                Go on writing
              </Button>
            </>
          )}
          {!object.editable && (
            <span className="ist-quiet">Read-only. Start the console with --allow-edit to change objects.</span>
          )}
        </div>
        {put.error && <Failure error={put.error} />}
        {put.data && !put.data.dryRun && (
          <Alert variant="success" isInline title={`Saved in ${address.cluster}`} className="ist-alert" />
        )}
        {shown && <ChangeSummary change={shown} />}
        {shown ? (
          <YamlEditor key="diff" text={shown.after} original={shown.before} label="What would change" />
        ) : draft === undefined ? (
          <YamlEditor key="view" text={object.yaml} label={`YAML of ${object.name}`} checks={checks} />
        ) : (
          <YamlEditor
            key="edit"
            text={draft}
            label={`YAML of ${object.name}, being written`}
            checks={checks}
            onChange={setDraft}
            {...(object.schema ? { schema: object.schema as Schema } : {})}
          />
        )}
      </GridItem>
      <GridItem lg={4} className="ist-stack">
        {!object.inEffect && (
          <Alert variant="warning" isInline title="Not in effect">
            {object.notInEffectWhy}
          </Alert>
        )}
        <Checks checks={checks} />
        <Facts
          isHorizontal
          facts={[
            ['Cluster', object.cluster],
            ['Namespace', object.namespace],
            ['API version', object.apiVersion],
            ['Made', object.createdAt && dayOf(object.createdAt)],
            [
              'Changed',
              object.updatedAt && `${dayOf(object.updatedAt)}${object.updatedBy ? ` by ${object.updatedBy}` : ''}`,
            ],
            [
              'In other clusters',
              object.elsewhere.length > 0 &&
                object.elsewhere.map((other) => <ElsewhereLink key={other.cluster} object={object} other={other} />),
            ],
            [
              'Names or selects',
              object.references.length > 0 &&
                object.references.map((one) => (
                  <div key={`${one.kind}${one.cluster}${one.namespace}${one.name}`}>
                    <ObjectLink object={one} />
                  </div>
                )),
            ],
          ]}
        />
      </GridItem>
    </Grid>
  );
}

function ElsewhereLink({ object, other }: { object: IstioConfigDetails; other: { cluster: string; same: boolean } }) {
  const href = objectHref({ ...object, cluster: other.cluster });
  const text = `${other.cluster}: ${other.same ? 'the same' : 'differs'}`;
  return <div>{href ? <PageLink to={href}>{text}</PageLink> : text}</div>;
}
