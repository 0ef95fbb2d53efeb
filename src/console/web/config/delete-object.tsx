import { Button, Modal, ModalBody, ModalFooter, ModalHeader } from '@patternfly/react-core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useLocation } from 'wouter';
import type { ConfigChange, IstioConfigDetails } from '../../api.ts';
import { remove } from '../api/client.ts';
import { type ConfigKey, configPath, usePermissions } from '../api/queries.ts';
import { Failure } from '../common/answer.tsx';
import { useScoped } from '../shell/links.tsx';

/** Takes an object away, after the API server has said that it may be; nothing for those who may not. */
export function DeleteObject({ address, object }: { address: ConfigKey; object: IstioConfigDetails }) {
  const [open, setOpen] = useState(false);
  const [, navigate] = useLocation();
  const scoped = useScoped();
  const may = usePermissions(address.cluster, address.namespace).data?.delete.includes(address.kind) ?? false;
  const ask = useMutation({
    mutationFn: (dryRun: boolean) =>
      remove<ConfigChange>(configPath(address), { clusterName: address.cluster, dryRun }),
    onSuccess: (change) => {
      if (!change.dryRun) navigate(scoped('/istio'));
    },
  });
  if (!may) return null;
  const elsewhere = object.elsewhere.map(({ cluster }) => cluster);
  return (
    <>
      <Button
        variant="secondary"
        isDanger
        onClick={() => {
          setOpen(true);
          ask.mutate(true);
        }}
      >
        Delete
      </Button>
      <Modal variant="small" isOpen={open} onClose={() => setOpen(false)} aria-labelledby="delete-title">
        <ModalHeader
          labelId="delete-title"
          titleIconVariant="warning"
          title={`Delete ${address.kind} ${address.namespace}/${address.name} in ${address.cluster}?`}
        />
        <ModalBody>
          {ask.error ? (
            <Failure error={ask.error} />
          ) : (
            <p>
              {object.inEffect ? 'It is in effect: proxies go on without it at once. ' : 'It is not in effect. '}
              {elsewhere.length > 0 && `In ${elsewhere.join(', ')} it stays.`}
            </p>
          )}
        </ModalBody>
        <ModalFooter>
          <Button
            variant="danger"
            isDisabled={!ask.data?.dryRun}
            isLoading={ask.isPending}
            onClick={() => ask.mutate(false)}
          >
            Delete in {address.cluster}
          </Button>
          <Button variant="link" onClick={() => setOpen(false)}>
            Cancel
          </Button>
        </ModalFooter>
      </Modal>
    </>
  );
}
