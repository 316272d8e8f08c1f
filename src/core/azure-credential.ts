import type { TokenCredential } from '@azure/identity';

let credential: Promise<TokenCredential> | undefined;

/**
 * What this process is to Microsoft Entra ID: the managed or workload identity, or whoever is signed in on this machine. The same for all
 * who ask, so that they share its tokens. https://learn.microsoft.com/azure/developer/javascript/sdk/authentication/credential-chains
 */
export function azureCredential(): Promise<TokenCredential> {
  credential ??= openCredential();
  return credential;
}

async function openCredential(): Promise<TokenCredential> {
  // Only where it is needed: it is the largest package of all.
  const { DefaultAzureCredential } = await import('@azure/identity');
  return new DefaultAzureCredential();
}
