// Which tokens are the present ones, for all tabs at the same moment?
//
// Not localStorage: each process of a browser reads its own copy of it, which may be some milliseconds old, and an old
// refresh token ends the session. A transaction of IndexedDB sees what the last one wrote, whichever tab that was.

const STORE = "kept";
const KEY = "session";

/** The record that was put last, by any tab; undefined when there is none. */
export const take = () => within("readonly", (store) => store.get(KEY));

/** Puts a record in place of the last one; nothing is lost once this has resolved. */
export const put = (record) => within("readwrite", (store) => store.put(record, KEY));

export const empty = () => within("readwrite", (store) => store.delete(KEY));

async function within(mode, act) {
  const db = await open();
  return new Promise((resolve, reject) => {
    const transaction = db.transaction(STORE, mode);
    const asked = act(transaction.objectStore(STORE));
    transaction.oncomplete = () => resolve(asked.result);
    transaction.onerror = transaction.onabort = () => reject(transaction.error);
  }).finally(() => db.close());
}

function open() {
  return new Promise((resolve, reject) => {
    const asked = indexedDB.open("miaosha", 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore(STORE);
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
}
