/** The patch language as a Lark grammar, for models that write patches as free text. */
export const patchGrammar = `start: begin_patch hunk+ end_patch
begin_patch: "*** Begin Patch" LF
end_patch: "*** End Patch" LF?

hunk: add_hunk | delete_hunk | update_hunk
add_hunk: "*** Add File: " filename LF add_line+
delete_hunk: "*** Delete File: " filename LF
update_hunk: "*** Update File: " filename LF change_move? change?

filename: /(.+)/
add_line: "+" /(.*)/ LF -> line

change_move: "*** Move to: " filename LF
change: (change_context | change_line)+ eof_line?
change_context: ("@@" | "@@ " /(.+)/) LF
change_line: ("+" | "-" | " ") /(.*)/ LF
eof_line: "*** End of File" LF

%import common.LF
`;

/** The same, for models that pass the patch as a function's argument. */
export const patchFormat = `The patch begins with the line "*** Begin Patch" and ends with the line "*** End Patch". Between them, one or more files:
"*** Add File: <path>", then each line of the new file after a "+".
"*** Delete File: <path>", and nothing more.
"*** Update File: <path>", then optionally "*** Move to: <new path>", then the changes. Each change begins with "@@" or "@@ <a line above it, such as the function's head>", and holds lines after " " (kept), "-" (removed) and "+" (added). Give about three kept lines before and after. "*** End of File" after a change ties it to the file's end.`;
