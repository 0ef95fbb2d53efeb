/** Where the web application begins. */
import '@patternfly/react-core/dist/styles/base.css';
import 'uplot/dist/uPlot.min.css';
import './app.css';
import { QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { ApiFailure } from './api/client.ts';
import { LiveUpdates } from './api/live.ts';
import { App } from './app.tsx';
import { startTheme } from './shell/theme.ts';

startTheme();
const client: QueryClient = new QueryClient({
  queryCache: new QueryCache({
    // A session has ended: the form to sign in comes back.
    onError: (error, query) => {
      if (error instanceof ApiFailure && error.status === 401 && query.queryKey[0] !== 'auth/info')
        void client.invalidateQueries({ queryKey: ['auth/info'] });
    },
  }),
  defaultOptions: {
    // Answers get old when the stream says so, not by time; a page that is opened anew asks once.
    queries: { staleTime: 5000, gcTime: 300_000, retry: 1, refetchOnWindowFocus: false },
  },
});
const live = new LiveUpdates(client);
live.start();

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <QueryClientProvider client={client}>
      <App live={live} />
    </QueryClientProvider>
  </StrictMode>,
);
