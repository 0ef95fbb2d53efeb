/** Where the console wants to know who asks: a form for a Kubernetes token, or the way to the identity provider. */
import { Alert, Button, Form, FormGroup, LoginPage, TextInput } from '@patternfly/react-core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, type ReactNode, useState } from 'react';
import type { AuthInfo } from '../../api.ts';
import { getJson, postForm, remove } from '../api/client.ts';

const useAuth = () =>
  useQuery({
    queryKey: ['auth/info'],
    queryFn: ({ signal }) => getJson<AuthInfo>('auth/info', {}, signal),
    retry: 1,
  });

/** Who is signed in, and the way out; nothing where nobody must sign in. */
export function SignedIn() {
  const client = useQueryClient();
  const { strategy, sessionInfo: session } = useAuth().data ?? {};
  if (!session || strategy === 'anonymous') return null;
  const leave = async (): Promise<void> => {
    await remove('logout');
    // Nothing of what was seen stays behind.
    client.clear();
    window.location.assign('/');
  };
  return (
    <span className="ist-user">
      {session.username}
      <Button variant="link" onClick={() => void leave()}>
        Sign out
      </Button>
    </span>
  );
}

/** The pages, once it is known that the visitor may see them. A server that cannot be asked is shown by the pages themselves. */
export function SignInGate({ children }: { children: ReactNode }) {
  const auth = useAuth();
  if (auth.isPending) return null;
  const needed = auth.data && auth.data.strategy !== 'anonymous' && !auth.data.sessionInfo;
  return needed ? <SignIn auth={auth.data} /> : children;
}

/** Where to go on after signing in. */
const here = (): string => window.location.pathname + window.location.search;

function SignIn({ auth }: { auth: AuthInfo }) {
  const client = useQueryClient();
  const [token, setToken] = useState('');
  const [fault, setFault] = useState<string>();
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    try {
      await postForm('authenticate', { token: token.trim() });
      await client.invalidateQueries();
    } catch (error) {
      setFault(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <LoginPage
      brandImgSrc="/assets/icon.svg"
      brandImgAlt="Isthmus"
      loginTitle="Sign in to Isthmus"
      loginSubtitle="What you may see is what your rights in the clusters allow."
    >
      <title>Sign in · Isthmus</title>
      {fault && <Alert variant="danger" isInline title={fault} />}
      {auth.strategy === 'openid' && auth.authorizationEndpoint ? (
        <Button component="a" href={`${auth.authorizationEndpoint}?page=${encodeURIComponent(here())}`} isBlock>
          Sign in with OpenID Connect
        </Button>
      ) : (
        <Form onSubmit={(event) => void submit(event)}>
          <FormGroup label="Token" fieldId="token" isRequired>
            <TextInput
              id="token"
              type="password"
              value={token}
              autoComplete="off"
              onChange={(_event, value) => setToken(value)}
            />
          </FormGroup>
          <Button type="submit" isBlock isDisabled={token.trim() === ''}>
            Sign in
          </Button>
        </Form>
      )}
    </LoginPage>
  );
}
