/** The mesh as it stands: clusters on their networks, and all that joins them. */
import { Alert, Switch, Toolbar, ToolbarContent, ToolbarItem } from '@patternfly/react-core';
import { useState } from 'react';
import type { MeshView } from '../../api.ts';
import { useMesh } from '../api/queries.ts';
import { Answer, Frame, Nothing, Problems } from '../common/answer.tsx';
import { CheckMenu } from '../common/menus.tsx';
import { useParam, useScope } from '../shell/scope.ts';
import { Certificates } from './certificates.tsx';
import { Disagreements } from './disagreements.tsx';
import { LinkTable } from './link-table.tsx';
import { kindText, linkKinds, shownLinks } from './links.ts';
import { MeshMap } from './mesh-map.tsx';
import { ProxyCertificates } from './proxy-certificates.tsx';

/** With more clusters than this only links that are not sound are drawn, unless one asks for all. */
const manyClusters = 4;

export function MeshPage() {
  const mesh = useMesh();
  return (
    <Frame
      title="Mesh"
      name="Mesh"
      description="Clusters on their networks, control planes, gateways, trust and telemetry, and the links between them"
    >
      <Answer of={mesh}>{(data) => <Mesh mesh={data} />}</Answer>
    </Frame>
  );
}

function Mesh({ mesh }: { mesh: MeshView }) {
  const { scope } = useScope();
  const [focus, setFocus] = useParam('focus');
  const [kinds, setKinds] = useState<string[]>([]);
  const [all, setAll] = useState(mesh.clusters.length <= manyClusters);
  const clusters = mesh.clusters.filter(
    (cluster) => scope.clusters.length === 0 || scope.clusters.includes(cluster.name),
  );
  const names = new Set(clusters.map((cluster) => cluster.name));
  const links = mesh.links.filter((link) => names.has(link.from) && names.has(link.to));
  const drawn = shownLinks(links, { kinds, all, focus });
  if (mesh.clusters.length === 0)
    return <Nothing title="No clusters">The kubeconfig of the console names none.</Nothing>;
  return (
    <div className="ist-stack">
      <Problems problems={mesh.problems} />
      <Disagreements disagreements={mesh.disagreements} />
      {mesh.meshIDs.length > 1 && (
        <Alert variant="warning" isInline title={`Control planes name different meshes: ${mesh.meshIDs.join(', ')}`} />
      )}
      <Toolbar>
        <ToolbarContent>
          <ToolbarItem>
            <CheckMenu
              label="Kinds of links"
              options={linkKinds.map((kind) => ({
                value: kind,
                text: kindText[kind].name,
                description: kindText[kind].told,
              }))}
              chosen={kinds}
              onChange={setKinds}
            />
          </ToolbarItem>
          <ToolbarItem alignSelf="center">
            <Switch label="Draw sound links too" isChecked={all} onChange={(_event, on) => setAll(on)} />
          </ToolbarItem>
          <ToolbarItem alignSelf="center">
            <span className="ist-quiet">
              {mesh.meshIDs.length > 0 && `Mesh ${mesh.meshIDs.join(', ')}`}
              {mesh.trustDomains.length > 0 && ` · trust domain ${mesh.trustDomains.join(', ')}`}
            </span>
          </ToolbarItem>
        </ToolbarContent>
      </Toolbar>
      <MeshMap
        clusters={clusters}
        links={drawn}
        focus={focus}
        onFocus={(name) => setFocus(name === focus ? '' : name)}
      />
      <LinkTable links={links} />
      <Certificates mesh={mesh} />
      <ProxyCertificates mesh={mesh} />
    </div>
  );
}
