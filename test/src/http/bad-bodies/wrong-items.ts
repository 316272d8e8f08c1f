import { type BadBody, item, money, none, withField, withItem, withText } from './bad-body.ts';

/** Wrong items, and what they must not add up to. */
export const wrongItems: readonly BadBody[] = [
  { name: 'items missing', body: withField({ items: undefined }), pointers: ['/items'] },
  { name: 'items null', body: withField({ items: null }), pointers: ['/items'] },
  { name: 'items empty', body: withField({ items: [] }), pointers: ['/items'] },
  { name: 'items an object', body: withField({ items: { 0: item } }), pointers: ['/items'] },
  { name: 'items a text', body: withField({ items: '[]' }), pointers: ['/items'] },
  { name: '101 items', body: withField({ items: Array(101).fill(item) }), pointers: ['/items'] },
  {
    name: '10,000 items',
    body: withField({ items: Array(10_000).fill(item) }),
    status: 413,
    pointers: none,
  },
  {
    name: '4,000 items, in 256 KB',
    body: withField({ items: Array(4_000).fill(item) }),
    pointers: ['/items'],
  },
  { name: 'an item null', body: withField({ items: [null] }), pointers: ['/items/0'] },
  { name: 'an item a list', body: withField({ items: [[item]] }), pointers: ['/items/0'] },
  {
    name: 'an item empty',
    body: withField({ items: [{}] }),
    pointers: ['/items/0/productId', '/items/0/quantity', '/items/0/unitPrice'],
  },

  { name: 'productId missing', body: withItem({ productId: undefined }), pointers: ['/items/1/productId'] },
  { name: 'productId empty', body: withItem({ productId: '' }), pointers: ['/items/1/productId'] },
  { name: 'productId with NUL', body: withItem({ productId: '\u0000' }), pointers: ['/items/1/productId'] },
  {
    name: 'productId too long',
    body: withItem({ productId: '𝄞'.repeat(129) }),
    pointers: ['/items/1/productId'],
  },

  { name: 'quantity missing', body: withItem({ quantity: undefined }), pointers: ['/items/1/quantity'] },
  { name: 'quantity null', body: withItem({ quantity: null }), pointers: ['/items/1/quantity'] },
  { name: 'quantity "1"', body: withItem({ quantity: '1' }), pointers: ['/items/1/quantity'] },
  { name: 'quantity true', body: withItem({ quantity: true }), pointers: ['/items/1/quantity'] },
  { name: 'quantity [1]', body: withItem({ quantity: [1] }), pointers: ['/items/1/quantity'] },
  { name: 'quantity 0', body: withItem({ quantity: 0 }), pointers: ['/items/1/quantity'] },
  { name: 'quantity -1', body: withItem({ quantity: -1 }), pointers: ['/items/1/quantity'] },
  { name: 'quantity 1.5', body: withItem({ quantity: 1.5 }), pointers: ['/items/1/quantity'] },
  { name: 'quantity 2^31', body: withItem({ quantity: 2 ** 31 }), pointers: ['/items/1/quantity'] },
  { name: 'quantity 2^53', body: withItem({ quantity: 2 ** 53 }), pointers: ['/items/1/quantity'] },
  { name: 'quantity 1e308', body: withItem({ quantity: 1e308 }), pointers: ['/items/1/quantity'] },

  { name: 'unitPrice missing', body: withItem({ unitPrice: undefined }), pointers: ['/items/1/unitPrice'] },
  { name: 'unitPrice null', body: withItem({ unitPrice: null }), pointers: ['/items/1/unitPrice'] },
  { name: 'unitPrice "19.99"', body: withItem({ unitPrice: '19.99' }), pointers: ['/items/1/unitPrice'] },
  { name: 'unitPrice "NaN"', body: withItem({ unitPrice: 'NaN' }), pointers: ['/items/1/unitPrice'] },
  { name: 'unitPrice false', body: withItem({ unitPrice: false }), pointers: ['/items/1/unitPrice'] },
  { name: 'unitPrice 19.999', body: withItem({ unitPrice: 19.999 }), pointers: ['/items/1/unitPrice'] },
  { name: 'unitPrice 1e-7', body: withItem({ unitPrice: 1e-7 }), pointers: ['/items/1/unitPrice'] },
  { name: 'unitPrice -0.01', body: withItem({ unitPrice: -0.01 }), pointers: ['/items/1/unitPrice'] },
  { name: 'unitPrice 1e308', body: withItem({ unitPrice: 1e308 }), pointers: ['/items/1/unitPrice'] },
  { name: 'unitPrice 1e400', body: withText('19.99', '1e400'), pointers: ['/items/0/unitPrice'] },
  {
    name: 'unitPrice 100000000',
    body: withItem({ unitPrice: 100_000_000 }),
    pointers: ['/items/1/unitPrice'],
  },

  {
    name: 'a line total over the limit',
    body: withField({ items: [money(2, 50_000_000)] }),
    pointers: ['/items/0'],
  },
  {
    name: 'two line totals over the limit',
    body: withField({ items: [money(2_147_483_647, 99_999_999.99), money(1, 1), money(3, 40_000_000)] }),
    pointers: ['/items/0', '/items/2'],
  },
  {
    name: 'a total over the limit by a cent',
    body: withField({ items: [money(1, 99_999_999.99), money(1, 0.01)] }),
    pointers: ['/items'],
  },
];
