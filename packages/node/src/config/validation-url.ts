// The URL parser has made one form of each IPv4 address by now; a name such as 127.example.com stays one.
const loopback = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/

/** What is wrong with the address of the vendor's validation; it is not quoted, since it may hold a secret. */
export function complaintAboutUrl(text: string): string | undefined {
  let url: URL
  try {
    url = new URL(text)
  } catch {
    return 'url: not an address; expected https://host/path'
  }
  if (url.username !== '' || url.password !== '') {
    return 'url: has credentials; expected an address without user and password'
  }
  if (url.protocol === 'https:') return undefined
  if (url.protocol === 'http:' && loopback.test(url.hostname)) return undefined
  return `url: ${url.protocol}//... to ${url.hostname === '' ? 'nowhere' : url.hostname}; expected https:, or http: to a loopback address`
}
