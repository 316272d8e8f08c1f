export const docs = 'https://learn.microsoft.com/azure/service-bus-messaging';
export const github = 'https://github.com/Azure';
export const quotas = `${docs}/service-bus-quotas`;
export const protocolGuide = `${docs}/service-bus-amqp-protocol-guide`;
export const amqpErrors = `${docs}/service-bus-amqp-troubleshoot`;
export const sdkTests = `${github}/azure-sdk-for-js/blob/main/sdk/servicebus/service-bus/test`;
