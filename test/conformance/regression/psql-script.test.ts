import { describe, expect, test } from 'vitest'
import { statementsOf } from './psql-script.ts'

/** Cut by hand, as psql cuts them. */
const scripts: readonly (readonly [what: string, script: string, statements: readonly string[]])[] = [
  ['a semicolon', 'SELECT 1; SELECT 2;', ['SELECT 1', 'SELECT 2']],
  ['the end of the file', 'SELECT 1', ['SELECT 1']],
  ['no semicolon in a string', "SELECT ';', E'\\';', 'a''; b';", ["SELECT ';', E'\\';', 'a''; b'"]],
  ['no semicolon in a name', 'SELECT 1 ";";', ['SELECT 1 ";"']],
  ['no semicolon in dollar quotes', 'DO $a$ ; $$ ; $a$; SELECT $$;$$;', ['DO $a$ ; $$ ; $a$', 'SELECT $$;$$']],
  [
    'no semicolon in a comment',
    'SELECT 1 -- ;\n; /* ; /* ; */ ; */ SELECT 2;',
    ['SELECT 1 -- ;', '/* ; /* ; */ ; */ SELECT 2'],
  ],
  [
    'no semicolon in brackets',
    'CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2);',
    ['CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2)'],
  ],
  [
    'no semicolon in a body',
    'CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END; SELECT 3;',
    ['CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END', 'SELECT 3'],
  ],
  [
    'the end of a transaction all the same',
    'BEGIN; SELECT 1; END; SELECT 2;',
    ['BEGIN', 'SELECT 1', 'END', 'SELECT 2'],
  ],
  ['a command that runs', 'SELECT 1 AS a \\gset\nSELECT 2 \\g\nSELECT 3;', ['SELECT 1 AS a', 'SELECT 2', 'SELECT 3']],
  ['no other command', '\\d t\n\\pset null x\nSELECT 1;\n\\echo done', ['SELECT 1']],
  ['no semicolon that is sent along', 'SELECT 1\\; SELECT 2;', ['SELECT 1; SELECT 2']],
  ['no data of COPY', '-- a\nCOPY t FROM stdin;\na;b\n\\.\nSELECT 1;', ['-- a\nCOPY t FROM stdin', 'SELECT 1']],
  [
    'variables',
    "\\set f :d '/x''s.data'\nCOPY t FROM :'f'; SELECT :n, :\"n\", a::text, b[1:2];",
    ["COPY t FROM '/here/x''s.data'", 'SELECT 7, "7", a::text, b[1:2]'],
  ],
  ['what a query stored', 'SELECT 1 AS oid \\gset\nSELECT f(:oid);', ['SELECT 1 AS oid', 'SELECT f(1)']],
]

describe('a script is cut', () => {
  test.for(scripts)('at %s', ([, script, statements]) => {
    expect(statementsOf(script, { d: '/here', n: '7' })).toEqual(statements)
  })
})
