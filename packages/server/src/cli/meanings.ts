const tooMuch = 'the login can do more than call doorways: whoever takes over the application can go around the walls'
const asAnother = 'the walls are built around one login; as another one this inspection says nothing'
const durable = 'a crash can take away what was acknowledged'
const tampered = 'the database is not as Memkeep made it: a wall may be open'
const unseen = 'nothing can be said of the database, and nothing is served'

/** What each finding means for the one who runs the deployment. */
const meanings: Readonly<Record<string, string>> = {
  'login-other': asAnother,
  'login-acts-as-other': asAnother,
  'login-superuser': tooMuch,
  'login-bypassrls': tooMuch,
  'login-createrole': tooMuch,
  'login-createdb': tooMuch,
  'login-replication': tooMuch,
  'login-member': tooMuch,
  'login-owner': tooMuch,
  'witness-set-back': 'what was written, erased and recorded since is not in this database',
  'witness-not-asked': 'nobody can tell whether the database was set back, and it is not served',
  'login-large-object': 'bytes lie in the database, and in its backups, that no doorway saw',
  'table-privilege': tooMuch,
  'system-privilege': tooMuch,
  'stray-grant': tooMuch,
  'database-privilege': tooMuch,
  'schema-create': tooMuch,
  'doorway-extra': tooMuch,
  'role-setting': tampered,
  'owner-role': tampered,
  'doorway-altered': tampered,
  'function-altered': tampered,
  'policy-altered': 'the database is not as Memkeep made it: a row wall may be open',
  'table-hook': 'code that is not Memkeep’s runs with each change of a row, and sees it',
  'event-trigger': 'whoever owns it runs code as whoever installs or upgrades Memkeep',
  'rows-published': 'sealed rows and their labels leave this database for copies that no wall here guards',
  'rls-not-forced': 'the row wall is down: a bug in a doorway could read foreign rows',
  'rls-no-policy': 'the row wall has a gap: nothing guards the rows of that table',
  'doorway-missing': 'some calls cannot be made',
  'doorways-differ':
    'the doorways work, but are not the ones that this build was tried with, and nobody looked whether they were altered',
  'schema-version': 'this code and the database do not fit together',
  'synchronous-commit-off': durable,
  'fsync-off': durable,
  'full-page-writes-off': durable,
  'tls-missing': 'somebody on the way can read the password and answer in the name of the server',
  'server-unsupported': 'Memkeep was never tried on it',
  'server-unknown': 'Memkeep was not tried on it yet',
  'server-old': 'holes that are publicly known let a login that runs SQL of its own do more than it may',
  'login-refused': unseen,
  'engine-refused': unseen,
  'upkeep-not-inspected': 'nothing is said of that login',
  'engine-same-user': 'whoever is this OS user (or root) is the database superuser and can read the keys beside it',
  'entries-broken': 'searches and lists leave these memories out; all others are found',
  'model-other':
    'a search that looks at one of them is refused, or uses the former model, until they are embedded anew',
  'vectors-missing': 'these are found by their words alone',
  'stems-missing': 'these are found by their words as they stand alone',
  'former-vectors': 'the vectors of the former model take room; nothing else is wrong',
  'ledger-behind': 'what is not in the signed log yet could be dropped from the database unseen',
  'ledger-event-gone': 'what one tenant’s event recorded is lost, and nothing more of that tenant is signed',
  'ledger-unread': 'nothing is said of the ledger',
  'erasure-ledger-none': 'a backup that is restored brings back what was erased, and nothing notices',
  'erasure-open': 'somebody asked for it, and it is not done: what was to be erased may lie there still',
  'erasure-refused':
    'nothing of that erasure is carried out, nor is it forgotten: it may be one that nobody asked for, or one that somebody changed',
  'shelves-unread': 'nothing is said of the memories of that tenant',
  'key-store-damaged': 'nothing is served, or calls fail one by one: every tenant’s',
  'tenant-keys-damaged': 'nothing of that tenant opens, or nothing of what was sealed under that key',
  'shelf-keys-lost': 'every search, list and export that looks at one of these shelves fails',
  'keys-absent': 'nothing opens without them; if they are lost, so is everything that was stored',
  'root-key-missing': 'nothing opens without it; if it is lost, so is everything that was stored',
  'key-store-empty': 'nothing opens without them; if they are lost, so is everything that was stored',
  'keys-under-data': 'every copy and backup of the database brings its own keys',
  'keys-owner': 'that user can read or replace the keys',
  'keys-open': 'other users of this machine can read or replace the keys',
}

/** One sentence for a finding's code. */
export function meaningOf(code: string): string {
  return meanings[code] ?? 'this build has no words for it'
}
