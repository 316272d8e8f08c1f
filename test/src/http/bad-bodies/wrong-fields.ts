import { type BadBody, item, none, order, withAddress, withField, withItem, withText } from './bad-body.ts';

/** Fields that no order has, and wrong ones of the order and its address. */
export const wrongFields: readonly BadBody[] = [
  { name: 'an extra field', body: withField({ discount: 1 }), pointers: ['/discount'] },
  { name: 'an extra field of ours', body: withField({ totalAmount: 0.01 }), pointers: ['/totalAmount'] },
  { name: 'an extra field with / and ~', body: withField({ 'a/b~c': 1 }), pointers: ['/a~1b~0c'] },
  { name: 'an extra field with a long name', body: withField({ ['n'.repeat(5000)]: 1 }), pointers: none },
  { name: 'an extra field in an item', body: withItem({ lineTotal: 1 }), pointers: ['/items/1/lineTotal'] },
  {
    name: 'an extra field in the address',
    body: withAddress({ street2: '' }),
    pointers: ['/shippingAddress/street2'],
  },
  {
    name: 'a field in other letters',
    body: withText('customerId', 'CustomerId'),
    pointers: ['/CustomerId', '/customerId'],
  },

  { name: 'customerId missing', body: withField({ customerId: undefined }), pointers: ['/customerId'] },
  { name: 'customerId null', body: withField({ customerId: null }), pointers: ['/customerId'] },
  { name: 'customerId a number', body: withField({ customerId: 123 }), pointers: ['/customerId'] },
  { name: 'customerId a list', body: withField({ customerId: ['cust-123'] }), pointers: ['/customerId'] },
  { name: 'customerId an object', body: withField({ customerId: { id: 1 } }), pointers: ['/customerId'] },
  { name: 'customerId empty', body: withField({ customerId: '' }), pointers: ['/customerId'] },
  { name: 'customerId blank', body: withField({ customerId: ' \u3000\u00a0' }), pointers: ['/customerId'] },
  {
    name: 'customerId of zero width',
    body: withField({ customerId: '\u200b' }),
    pointers: ['/customerId'],
  },
  {
    name: 'customerId too long',
    body: withField({ customerId: 'x'.repeat(129) }),
    pointers: ['/customerId'],
  },
  { name: 'customerId with NUL', body: withField({ customerId: 'a\u0000b' }), pointers: ['/customerId'] },
  {
    name: 'customerId with a line break',
    body: withField({ customerId: 'a\r\nb' }),
    pointers: ['/customerId'],
  },
  { name: 'customerId with DEL', body: withField({ customerId: 'a\u007f' }), pointers: ['/customerId'] },
  {
    name: 'customerId with a lone high surrogate',
    body: withText('cust-123', 'a\\ud83d'),
    pointers: ['/customerId'],
  },
  {
    name: 'customerId with a lone low surrogate',
    body: withText('cust-123', '\\udc00a'),
    pointers: ['/customerId'],
  },

  {
    name: 'shippingAddress missing',
    body: withField({ shippingAddress: undefined }),
    pointers: ['/shippingAddress'],
  },
  {
    name: 'shippingAddress null',
    body: withField({ shippingAddress: null }),
    pointers: ['/shippingAddress'],
  },
  {
    name: 'shippingAddress a text',
    body: withField({ shippingAddress: '123 Main St' }),
    pointers: ['/shippingAddress'],
  },
  {
    name: 'shippingAddress a list',
    body: withField({ shippingAddress: [order.shippingAddress] }),
    pointers: ['/shippingAddress'],
  },
  {
    name: 'street missing',
    body: withAddress({ street: undefined }),
    pointers: ['/shippingAddress/street'],
  },
  {
    name: 'street too long',
    body: withAddress({ street: 'x'.repeat(201) }),
    pointers: ['/shippingAddress/street'],
  },
  { name: 'city blank', body: withAddress({ city: '\t' }), pointers: ['/shippingAddress/city'] },
  { name: 'state a number', body: withAddress({ state: 62 }), pointers: ['/shippingAddress/state'] },
  {
    name: 'zipCode a number',
    body: withAddress({ zipCode: 62701 }),
    pointers: ['/shippingAddress/zipCode'],
  },
  {
    name: 'zipCode with a lone surrogate',
    body: withText('62701', '\\udfff'),
    pointers: ['/shippingAddress/zipCode'],
  },
  { name: 'country null', body: withAddress({ country: null }), pointers: ['/shippingAddress/country'] },
  {
    name: 'everything at once',
    body: {
      customerId: 1,
      items: [{ ...item, quantity: 0, unitPrice: 1.001 }],
      shippingAddress: {},
      more: 1,
    },
    pointers: [
      '/more',
      '/customerId',
      '/items/0/quantity',
      '/items/0/unitPrice',
      ...['street', 'city', 'state', 'zipCode', 'country'].map((part) => `/shippingAddress/${part}`),
    ],
  },
];
