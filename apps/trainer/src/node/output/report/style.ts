/** The report's style: nothing is fetched, both colour schemes, fit for print. Series colours are Okabe and Ito's. */
export const STYLE = `
:root{color-scheme:light dark;--bg:#fff;--fg:#1c2330;--soft:#667085;--line:#e3e6ec;--card:#f7f8fa;
--s0:#0072b2;--s1:#d55e00;--s2:#009e73;--s3:#cc79a7;--tp:#009e73;--fp:#d55e00;--fn:#0072b2}
@media (prefers-color-scheme:dark){:root{--bg:#14171c;--fg:#e6e9ef;--soft:#98a2b3;--line:#2b313b;--card:#1c2027;
--s0:#56b4e9;--s1:#e69f00;--s2:#2bbf95;--s3:#e0a3c4}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:1060px;padding:28px 24px 60px;background:var(--bg);color:var(--fg);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
h1{font-size:26px;margin:0 0 2px}h2{font-size:19px;margin:38px 0 10px;padding-top:14px;border-top:1px solid var(--line)}
h3{font-size:15px;margin:14px 0 6px}p{max-width:78ch}.soft{color:var(--soft)}.note{border-left:3px solid var(--s1);padding:4px 12px;background:var(--card)}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(104px,1fr));gap:12px;margin:20px 0}
.tile{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:10px 14px}
.tile b{display:block;font-size:21px;font-variant-numeric:tabular-nums}.tile span{color:var(--soft);font-size:13px}
.charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(330px,1fr));gap:18px}
figure{margin:0}.chart{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:8px 10px}
svg{width:100%;height:auto;display:block;font:11px system-ui,sans-serif}
.title{font-size:13px;font-weight:600;fill:var(--fg)}.tick{fill:var(--soft)}.grid{stroke:var(--line);fill:none}
.reference{stroke:var(--soft);stroke-dasharray:4 4;fill:none}
.line{fill:none;stroke-width:1.8;stroke-linejoin:round}.pale{opacity:.28;stroke-width:1}
path.s0{stroke:var(--s0)}path.s1{stroke:var(--s1)}path.s2{stroke:var(--s2)}path.s3{stroke:var(--s3)}
circle.s0{fill:var(--s0)}circle.s1{fill:var(--s1)}circle.s2{fill:var(--s2)}circle.s3{fill:var(--s3)}
figcaption{font-size:13px;color:var(--soft);padding:2px 6px}.key{margin-right:14px;white-space:nowrap}
.key i{display:inline-block;width:12px;height:3px;margin-right:6px;vertical-align:middle}
i.s0{background:var(--s0)}i.s1{background:var(--s1)}i.s2{background:var(--s2)}i.s3{background:var(--s3)}
i.tp,i.fp,i.fn{height:11px;width:11px}i.tp{background:var(--tp)}i.fp{background:var(--fp)}i.fn{background:var(--fn)}
.scroll{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:14px;min-width:60%}
th,td{padding:4px 10px;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap}
th:first-child,td:first-child{text-align:left}th{color:var(--soft);font-weight:600}
dl{display:grid;grid-template-columns:max-content 1fr;gap:3px 18px;font-size:14px}dt{font-weight:600}dd{margin:0;color:var(--soft)}
.overlays{display:grid;grid-template-columns:repeat(auto-fill,minmax(300px,1fr));gap:14px}
.overlays img{width:100%;image-rendering:pixelated;border-radius:6px;display:block;border:1px solid var(--line)}
pre{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:12px;overflow:auto;font:12.5px/1.45 ui-monospace,Menlo,Consolas,monospace}
summary{cursor:pointer;font-weight:600;margin:10px 0}
@media print{body{max-width:none}.chart,.tile{break-inside:avoid}}
`;
