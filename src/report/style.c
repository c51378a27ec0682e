/*
 * style.c - the frame of the page and how it looks: light, dark and on paper, wide and narrow.
 */
#include <math.h>

#include "fa/clock.h"
#include "section.h"

/* The colours are those of Okabe and Ito, darkened or lightened to stand out from the ground. */
static const char style[] =
    ":root{color-scheme:light dark;--ground:#fff;--ink:#1c2126;--soft:#5a646e;--hair:#e2e6ea;--wash:#f5f7f8;"
    "--s0:#0067a5;--s1:#c64a00;--s2:#00805c;--s3:#a8487f;--s4:#a87000;--s5:#3d93c8;--s6:#6b7580;"
    "--e0:#00466f;--e1:#2f86bd;--e2:#93c6e6;--e3:#e0a020;--e4:#c64a00;--e5:#d3d8dc}"
    "@media(prefers-color-scheme:dark){:root{--ground:#14171a;--ink:#e3e7ea;--soft:#9aa5af;--hair:#2c3238;"
    "--wash:#1b1f23;--s0:#5db4ea;--s1:#ff8b50;--s2:#3cc79c;--s3:#e69ac6;--s4:#e9b949;--s5:#9fcbff;--s6:#"
    "8d98a3;"
    "--e0:#9fd3f5;--e1:#4ea3d8;--e2:#22618c;--e3:#e0a020;--e4:#f0703a;--e5:#3a4249}}"
    "@media print{:root{color-scheme:light;--ground:#fff;--ink:#000;--soft:#444;--hair:#ccc;--wash:#f5f7f8;"
    "--s0:#0067a5;--s1:#c64a00;--s2:#00805c;--s3:#a8487f;--s4:#a87000;--s5:#3d93c8;--s6:#6b7580;"
    "--e0:#00466f;--e1:#2f86bd;--e2:#93c6e6;--e3:#e0a020;--e4:#c64a00;--e5:#d3d8dc}"
    "*{print-color-adjust:exact;-webkit-print-color-adjust:exact}main{padding:0}details{display:none}"
    "figure,tr,.pair,.figures{break-inside:avoid}h2,h3{break-after:avoid}}"
    "*{box-sizing:border-box}"
    "body{margin:0;background:var(--ground);color:var(--ink);font:14px/1.45 system-ui,-apple-system,\"Segoe "
    "UI\","
    "Roboto,\"Noto Sans\",\"Liberation Sans\",Arial,sans-serif;font-variant-numeric:tabular-nums}"
    "main{max-width:1200px;margin:0 auto;padding:28px 20px 48px}"
    "h1{font-size:26px;line-height:1.2;font-weight:650;margin:2px 0 4px;overflow-wrap:anywhere;"
    "letter-spacing:-.01em}"
    "h2{font-size:17px;font-weight:650;margin:40px 0 4px;padding-top:14px;border-top:1px solid var(--hair)}"
    "h3{font-size:14px;font-weight:650;margin:22px 0 6px}"
    "p{margin:0 0 12px;max-width:76ch;overflow-wrap:anywhere}"
    ".kicker,.soft,small,figcaption li,th{color:var(--soft)}"
    ".kicker{font-size:12px;margin:0}.lead{font-size:15px;margin-bottom:18px}"
    ".verdict{font-size:16px;margin-bottom:16px}"
    ".note{border-left:3px solid var(--s4);padding:2px 0 2px 12px}"
    ".figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(104px,1fr));gap:14px 20px;margin:0 0 "
    "22px}"
    ".figures dt{color:var(--soft);font-size:12px}"
    ".figures dd{margin:0;font-size:22px;line-height:1.2;font-weight:600;letter-spacing:-.01em}"
    ".figures dd+dd{font-size:12px;line-height:1.4;font-weight:400;color:var(--soft);letter-spacing:0}"
    ".figures .first dd{font-size:34px;line-height:1.05}.figures .first dd+dd{font-size:12px;line-height:1.4}"
    ".facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(320px,1fr));gap:0 28px;margin:0}"
    ".facts div{display:grid;grid-template-columns:112px 1fr;gap:8px;padding:3px 0;"
    "border-bottom:1px solid var(--hair)}"
    ".facts dt{color:var(--soft)}.facts dd{margin:0;overflow-wrap:anywhere}"
    ".charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(330px,100%),1fr));gap:22px 28px}"
    "figure small{display:block;line-height:1.35;margin-top:2px}figcaption small{display:inline;margin:0}"
    "figure{margin:0;min-width:0}figcaption{display:flex;flex-wrap:wrap;gap:0 12px;align-items:baseline;"
    "margin-bottom:4px}"
    ".legend{display:flex;flex-wrap:wrap;gap:0 12px;margin:0;padding:0;list-style:none;font-size:12px;"
    "overflow-wrap:anywhere}"
    ".legend svg{margin-right:5px;display:inline}.legend i{display:inline-block;width:12px;height:9px;"
    "margin-right:5px}"
    "svg{display:block;width:100%;height:auto;overflow:visible}.legend svg{width:16px;height:10px}"
    "svg "
    "text{font-size:11px;fill:var(--soft)}.unit{font-size:11px}.end{text-anchor:end}.mid{text-anchor:middle}"
    ".grid,.axis{stroke:var(--hair);fill:none}.axis{stroke:var(--soft);stroke-opacity:.6}"
    ".mark{stroke:var(--soft);stroke-opacity:.55;stroke-dasharray:1.5 3;fill:none}.cut{fill:var(--soft)}"
    ".line{fill:none;stroke-width:1.6;stroke-linejoin:round}.dot{stroke:none}.area{stroke:none}"
    ".line.s0{stroke:var(--s0)}.line.s1{stroke:var(--s1);stroke-dasharray:6 2}.line.s2{stroke:var(--s2)}"
    ".line.s3{stroke:var(--s3);stroke-dasharray:2 2}.line.s4{stroke:var(--s4)}"
    ".line.s5{stroke:var(--s5);stroke-dasharray:8 2 2 2}.line.s6{stroke:var(--s6)}"
    ".line.s7{stroke:var(--s6);stroke-width:.6;stroke-opacity:.5}"
    ".dot.s0,.area.s0{fill:var(--s0)}.dot.s1,.area.s1{fill:var(--s1)}.dot.s2,.area.s2{fill:var(--s2)}"
    ".dot.s3,.area.s3{fill:var(--s3)}.dot.s4,.area.s4{fill:var(--s4)}.dot.s5,.area.s5{fill:var(--s5)}"
    ".dot.s6,.area.s6{fill:var(--s6)}"
    ".scroll{overflow-x:auto}"
    "table{border-collapse:collapse;width:100%;font-size:13px}"
    "th{font-weight:500;font-size:12px;vertical-align:bottom}"
    "th,td{text-align:right;padding:3px 6px;border-bottom:1px solid var(--hair)}"
    "th:first-child,td:first-child{text-align:left;padding-left:0;overflow-wrap:anywhere}"
    "td.words,th.words{text-align:left;overflow-wrap:anywhere}"
    "tr.all td{font-weight:600}"
    ".bar{background:linear-gradient(var(--s5),var(--s5)) no-repeat left bottom/var(--v) 3px}"
    ".matrix{width:auto}.matrix td,.matrix th{text-align:center;min-width:44px;border:0;padding:7px 6px}"
    ".matrix th:first-child{text-align:right;padding-right:8px;max-width:180px}"
    ".matrix td{background:color-mix(in srgb,var(--s0) var(--v),var(--ground));border:1px solid "
    "var(--ground)}"
    ".matrix td.strong{color:#fff}.matrix td.none{color:var(--soft)}"
    "@media(prefers-color-scheme:dark){.matrix td.strong{color:#0c1114}}"
    "@media print{.matrix td.strong{color:#fff}}"
    ".two{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(420px,100%),1fr));gap:8px 40px}"
    ".two>div{min-width:0}"
    ".errors td{border:0}.errors .under td{padding:0 0 7px;border-bottom:1px solid var(--hair)}"
    ".stack{display:flex;height:9px;background:var(--e5)}.stack i{display:block;height:9px}"
    ".ranks td:first-child{white-space:nowrap}.ranks .words{min-width:80px}.ranks "
    ".times{width:45%;min-width:110px}.ranks .stack{background:none}"
    ".key{white-space:nowrap}.key i{display:inline-block;width:12px;height:9px;margin-right:5px}"
    ".e0{background:var(--e0)}.e1{background:var(--e1)}.e2{background:var(--e2)}.e3{background:var(--e3)}"
    ".e4{background:var(--e4)}.e5{background:var(--e5)}"
    ".images{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(540px,100%),1fr));gap:22px 28px}"
    ".pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(250px,100%),1fr));gap:8px}"
    ".pair svg{background:var(--wash);overflow:hidden}"
    ".pair rect{fill:none}.pair .halo{stroke:#000;stroke-opacity:.55;stroke-width:4}"
    ".pair .right{stroke:#7fd0ff;stroke-width:1}.pair .halo.of-right{stroke-width:2}.pair "
    ".wrong{stroke:#ff6a2b;stroke-width:2.6}"
    ".pair .confused{stroke:#ffd23f;stroke-width:2.6;stroke-dasharray:7 3}"
    ".pair .crowd{stroke:#ddd;stroke-width:1.4;stroke-dasharray:2 3}"
    ".pair .tag{fill:#000;fill-opacity:.72}.pair text{fill:#fff;font-size:12px}"
    "pre{font-size:12px;line-height:1.4;white-space:pre-wrap;overflow-wrap:anywhere;background:var(--wash);"
    "padding:12px;margin:8px 0}summary{cursor:pointer}"
    "@media(max-width:600px){main{padding:18px 16px 32px}.wide{display:none}.facts{grid-template-columns:1fr}"
    ".figures{grid-template-columns:repeat(3,1fr)}.figures .first{grid-column:1/-1}"
    "th,td{padding:3px 4px}table{font-size:12px}.matrix td,.matrix th{min-width:36px;padding:6px 3px}}";

void fa_section_head(struct fa_page *page, const char *title)
{
    fa_page_put(page, "<!doctype html>\n<html lang=en><head><meta charset=utf-8><title>");
    fa_page_text(page, title);
    fa_page_put(page, "</title><meta name=viewport content=\"width=device-width,initial-scale=1\">\n<style>");
    fa_page_put(page, style);
    fa_page_put(page, "</style></head>\n<body><main>\n");
}

void fa_section_foot(struct fa_page *page)
{
    char now[20];

    fa_clock_stamp(now, sizeof now);
    fa_page_add(page, "<p class=kicker style=\"margin-top:40px\">made by freeanchor on %s</p>\n", now);
    fa_page_put(page, "</main></body></html>\n");
}

void fa_section_duration(struct fa_page *page, double seconds)
{
    char text[32];

    if (!isfinite(seconds) || seconds < 0) {
        fa_page_put(page, "unknown");
        return;
    }
    fa_clock_duration(seconds, text, sizeof text);
    fa_page_put(page, text);
}
