/** The text that `isthmus init` writes: it says the default mesh in full, with what else is possible in comments. */
export function renderExample(): string {
  return example;
}

const example = `# A mesh of two clusters. \`isthmus up\` makes it and proves that it works; running it again changes nothing.
# Editors check this file with the schema that \`isthmus schema\` prints.
apiVersion: isthmus.dev/v1alpha1
kind: Mesh
metadata:
  name: east-west
spec:
  # Istio's meshID, and the first part of every workload's identity (spiffe://<trustDomain>/ns/.../sa/...).
  meshID: mesh1
  trustDomain: cluster.local

  # Where the nodes and load balancers of embedded clusters stand. It exists inside Isthmus only, not on this machine.
  sharedNetwork:
    cidr: 192.168.49.0/24

  clusters:
    # A primary runs the control plane, istiod.
    - name: east
      network: network1
      role: primary
      # embedded: made here, as processes of this machine, without Docker and without root.
      # For a cluster that you have, write instead: provider: {existing: {context: my-context}}
      provider: embedded
      podRange: 10.10.0.0/16
      serviceRange: 10.110.0.0/16
      # Addresses for Services of type LoadBalancer. Clusters must not share any.
      loadBalancerRange: 192.168.49.20-192.168.49.29
      node:
        address: 192.168.49.2
        # locality: {region: europe, zone: europe-1}

    # A remote is served by a primary's control plane, through that primary's east-west gateway.
    - name: west
      network: network2
      role: remote
      primary: east
      provider: embedded
      podRange: 10.20.0.0/16
      serviceRange: 10.120.0.0/16
      loadBalancerRange: 192.168.49.30-192.168.49.39
      node:
        address: 192.168.49.3

  # One root of trust, and an intermediate for each cluster.
  trust:
    generated:
      rootDays: 3650
      intermediateDays: 730
    # Or your own root, which signs the intermediates (paths are relative to this file):
    # files: {rootCert: pki/root-cert.pem, rootKey: pki/root-key.pem}
    # Or your own intermediates:
    # files:
    #   rootCert: pki/root-cert.pem
    #   clusters:
    #     east: {caCert: pki/east/ca-cert.pem, caKey: pki/east/ca-key.pem, certChain: pki/east/cert-chain.pem}
    #     west: {caCert: pki/west/ca-cert.pem, caKey: pki/west/ca-key.pem, certChain: pki/west/cert-chain.pem}
    workloadTTL: 24h

  # The gateway by which the other networks come in, in every cluster that needs one.
  gateways:
    eastWest:
      replicas: 1

  # Prometheus in every cluster; the primary's takes in the series of the others.
  telemetry:
    enabled: true
    federation: true
    scrapeInterval: 2s

  # helloworld and curl, as in Istio's own verification of a multicluster mesh.
  sample:
    enabled: true
    namespace: sample

  controlPlane:
    # Proxies write a line per request to their logs.
    accessLog: true

  # Kiali, in clusters that can pull its image; embedded ones have \`isthmus console\`.
  # kiali:
  #   enabled: true
  #   homeCluster: east             # or managementCluster: {name: mgmt, context: kind-mgmt}, which is no cluster of the mesh

  # Embedded clusters run programs of this machine in place of images. Add your own by image reference:
  # images:
  #   registry.example/team/shop:1.0:
  #     command: [/usr/bin/python3, -m, http.server, "8080"]
  #     env: {MODE: test}
  #     mounts: [/srv/shop]
`;
