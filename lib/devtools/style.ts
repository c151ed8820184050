/** The style sheet. Pages change it by custom properties, and choose one of the two colour schemes. */
export const STYLE = `
:host {
  --bg: var(--renewal-background, light-dark(#fff, #15181e));
  --ink: var(--renewal-text, light-dark(#1c2330, #e6e9f0));
  --sent: var(--renewal-sent, light-dark(#2259b8, #84b3ff));
  --expired: var(--renewal-expired, light-dark(#8f5200, #f2bb57));
  --waiting: var(--renewal-waiting, light-dark(#6350b0, #b9adf7));
  --answer: var(--renewal-answer, light-dark(#1a6e3f, #6ad498));
  --error: var(--renewal-error, light-dark(#b52a2a, #ff9a92));
  --refresh: var(--renewal-refresh, light-dark(#0b6577, #66d2e2));
  --session: var(--renewal-session, light-dark(#8b3a8f, #e3a1e6));
  --muted: color-mix(in srgb, var(--ink) 72%, var(--bg));
  --faint: color-mix(in srgb, var(--ink) 9%, var(--bg));
  display: flex; flex-direction: column; height: 28rem; container-type: inline-size; box-sizing: border-box; overflow: hidden;
  background: var(--bg); color: var(--ink); border: 1px solid var(--faint); border-radius: 10px;
  font: 12px/1.4 system-ui, sans-serif; font-variant-numeric: tabular-nums;
}
:host([hidden]), [hidden] { display: none !important; }
.bar { display: flex; gap: 12px; align-items: center; padding: 8px 14px; border-bottom: 1px solid var(--faint); }
ul { flex: 1; display: flex; flex-wrap: wrap; gap: 4px 14px; margin: 0; padding: 0; list-style: none; color: var(--muted); }
li { display: flex; align-items: center; gap: 5px; }
button { font: inherit; color: inherit; background: none; border: 1px solid color-mix(in srgb, var(--ink) 50%, var(--bg));
  border-radius: 6px; padding: 3px 12px; cursor: pointer; }
button:hover, button[aria-pressed=true] { background: var(--faint); }
:focus-visible { outline: 2px solid var(--sent); outline-offset: -2px; }
.picture { flex: 1; min-height: 0; display: flex; flex-direction: column; }
.scroller { flex: 1; overflow: auto; border: 2px solid transparent; }
.scroller:focus-visible { outline: none; border-color: var(--sent); }
.row { display: grid; grid-template-columns: minmax(6rem, 13rem) 1fr 10.5rem; align-items: center; padding: 0 12px; height: 28px; }
.head { position: sticky; top: 0; z-index: 1; height: auto; background: var(--bg); color: var(--muted); border-bottom: 1px solid var(--faint); }
.head .name, .head .end { align-self: end; padding-bottom: 6px; }
.space { overflow: clip; min-height: calc(100% - 61px); }
.view { position: sticky; top: 61px; height: 0; }
.view > .row { position: absolute; inset: 0; height: auto; align-items: start; pointer-events: none; }
.view > .row svg { grid-column: 2; }
.name, .end :first-child { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.name b { display: inline-block; min-width: 2.2em; margin-right: 8px; text-align: right; font-weight: 400; color: var(--muted); }
.name i { font-style: normal; font-weight: 600; margin-right: 6px; }
.end { display: flex; justify-content: flex-end; gap: 8px; white-space: nowrap; color: var(--muted); }
.empty { margin: auto; }
[class=row]:hover { background: color-mix(in srgb, var(--ink) 4%, transparent); }
.selected { background: color-mix(in srgb, var(--sent) 10%, transparent) !important; }
.scroller:focus-visible .selected { box-shadow: inset 0 0 0 2px var(--sent); }
svg { display: block; width: 100%; overflow: visible; }
li svg { width: auto; }
text { font-size: 10px; dominant-baseline: central; fill: var(--muted); }
.marble { --c: var(--muted); }
.sent, .sent-again { --c: var(--sent); }
.expired { --c: var(--expired); }
.waiting, .reconnecting { --c: var(--waiting); }
.answer, .opened { --c: var(--answer); }
.error { --c: var(--error); }
.marble path { fill: color-mix(in srgb, var(--c) 14%, var(--bg)); stroke: var(--c); stroke-width: 1.5; }
.marble text { fill: var(--c); font-weight: 700; text-anchor: middle; }
.cancelled path { stroke-dasharray: 3 2; }
.ring { fill: none; stroke: var(--sent); stroke-width: 2.5; }
line { stroke-width: 1.5; }
.wire { stroke: var(--sent); stroke-width: 2; }
.wait { stroke: var(--waiting); stroke-dasharray: 2 4; }
.grid { stroke: var(--faint); stroke-width: 1; }
.fold { stroke: var(--muted); stroke-dasharray: 1 5; }
.session { stroke: var(--session); }
.session-name { fill: var(--session); font-weight: 600; }
.tick, .count { text-anchor: middle; }
.refresh, .band { --c: var(--refresh); }
.refresh.failed, .band.failed { --c: var(--error); }
.refresh rect { fill: color-mix(in srgb, var(--c) 14%, var(--bg)); stroke: var(--c); }
.refresh text { fill: var(--c); font-weight: 600; }
.open { fill: color-mix(in srgb, var(--answer) 14%, var(--bg)); stroke: var(--answer); }
.band { fill: var(--c); fill-opacity: .13; }
.details { margin: 0; padding: 8px 14px; min-height: 1.4em; border-top: 1px solid var(--faint); color: var(--muted); overflow-wrap: anywhere; }
.tables { flex: 1; overflow: auto; padding: 0 14px 14px; }
table { border-collapse: collapse; width: 100%; margin-top: 12px; }
caption { text-align: left; font-weight: 600; padding: 4px 0; }
th, td { text-align: left; padding: 4px 10px 4px 0; border-bottom: 1px solid var(--faint); font-weight: 400; white-space: nowrap; }
thead th { color: var(--muted); }
@container (width < 600px) { .row { grid-template-columns: minmax(6rem, 9rem) minmax(7rem, 1fr); padding: 0 8px; } .end { display: none; } }
`;
