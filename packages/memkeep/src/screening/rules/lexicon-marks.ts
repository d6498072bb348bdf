import type { Lexicon } from './lexicon.ts'

/** What is the same in every language: marks of roles and of prompts, addresses, disguises. */
export const marks: Lexicon = {
  start: '^',
  sink: '<url>, <email>, webhook, endpoint, pastebin, ngrok, ftp, smtp, telegram, discord, dropbox, smb',
  'role-mark': [
    '< system >, < / system >, < assistant >, < / assistant >, < user >, < / user >, < human >, < developer >',
    '< instructions >, < / instructions >, < instruction >, < admin >, < / admin >, < prompt >, < / prompt >',
    '< / memory >, < memory >, < / memories >, < memories >, < / evidence >, < / context >, < / data >, < / document >',
    '< / quote >, < / untrusted >, < / tool_result >, < tool_call >, < / tool_call >, < tool_result >, < function_call >',
    '< | im_start | >, < | im_end | >, < | system | >, < | assistant | >, < | user | >, < | endoftext | >, < | eot_id | >',
    '< | start_header_id | >, < | end_header_id | >, < | begin_of_text | >, < start_of_turn >, < end_of_turn >, < < sys > >',
    '< < / sys > >, [ inst ], [ / inst ], [ system ], [ / system ], [ assistant ], [ sys ], [ admin ], [ system message ]',
    '# # # system, # # # instruction*, # # # assistant, # # # human, # # # user, # # # response, # # # new instruction*',
    '# # system, # system, ^ system :, ^ assistant :, ^ developer :, ^ system prompt :, ^ system message :',
    '^ system note :, ^ system override :, ^ system update :, ^ systemnachricht :, ^ message systeme :, ^ mensaje del sistema :',
    '" role " : " system ", role : system, role : developer, role : assistant, } } { {, begin system, end system',
    'end of memor*, end of user input, end of input, end of context, end of document, end of data, end of quote*',
  ].join(', '),
  'user-turn': '^ user :, ^ human :, ^ nutzer :, ^ utilisateur :, ^ usuario :',
  'agent-turn': '^ assistant :, ^ ai :, ^ bot :, ^ assistent :, ^ agent :, ^ asistente :',
  'reserved-call': [
    'tool_call, tool_calls, function_call, call_tool, invoke_tool, use_mcp_tool, curl -, rm -, sudo, wget, eval (, exec (',
    'os system, subprocess, powershell, bash -, base64 -, drop table, delete from, chmod, nc -, ssh, os popen',
  ].join(', '),
  disguise: '<hidden>, <lookalike>, <disguised>',
  'hidden-text': '<hidden>',
  decoded: '<decoded>',
  blob: '<blob>',
  encoding: [
    'base64, base 64, base32, rot13, rot 13, hex encoded, hexadecimal, hex string, ascii codes, morse, caesar cipher, cipher*',
    'encoded, reversed string, kodiert, codiert, encode en, codificad*, url encoded, unicode escape*, zero width, encode',
  ].join(', '),
}
