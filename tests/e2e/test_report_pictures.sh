#!/usr/bin/env bash
# In a browser no text of a report covers another or is cut, wide in light colours and narrow in dark ones. With FA_PICTURES set to a
# folder, pictures in all four and on paper stay there to be looked at; FA_REPORT adds one that was made elsewhere.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/report.sh"

browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome)
[ -n "$browser" ] || skip "there is no Chromium here (apt install chromium)"
make_run "$scratch"
must "$freeanchor" report "$scratch/w" --results "$scratch/results.json"
must "$freeanchor" report "$scratch/w" "$scratch/w" --out "$scratch/two.html"
cp "$scratch/w/report.html" "$scratch/one.html"
if [ -n "${FA_REPORT:-}" ]; then cp "$FA_REPORT" "$scratch/own.html"; fi

# Every piece of text as the rectangles that it takes; what covers another, reaches out of the page or is cut by an element around
# it is told, but for tables that scroll.
check='<script>onload = () => {
  const pieces = [], faults = []
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  while (walk.nextNode()) {
    const node = walk.currentNode, around = node.parentElement
    if (!node.data.trim() || around.closest("script,style,details:not([open])>:not(summary)")) continue
    const range = document.createRange()
    range.selectNodeContents(node)
    const rects = around.closest("svg") ? [around.getBoundingClientRect()] : [...range.getClientRects()]
    const frame = around.closest(".pair svg")?.getBoundingClientRect()
    for (const r of rects) {
      if (r.width < 1 || r.height < 1) continue
      const piece = {l: r.left + 1, r: r.right - 1, t: r.top + 2, b: r.bottom - 2, text: node.data.trim().slice(0, 40)}
      if (!around.closest(".scroll") && (r.left < -1 || r.right > innerWidth + 1)) faults.push("cut: " + piece.text)
      if (frame && (r.left < frame.left - 2 || r.right > frame.right + 2)) faults.push("cut by its picture: " + piece.text)
      pieces.push(piece)
    }
  }
  pieces.sort((a, b) => a.t - b.t)
  for (let i = 0; i < pieces.length; i++)
    for (let k = i + 1; k < pieces.length && pieces[k].t < pieces[i].b; k++)
      if (pieces[i].l < pieces[k].r && pieces[k].l < pieces[i].r)
        faults.push("overlap: " + pieces[i].text + " | " + pieces[k].text)
  if (document.documentElement.scrollWidth > innerWidth + 1) faults.push("the page is wider than the window")
  parent.postMessage({n: pieces.length, width: innerWidth, faults}, "*")
}</script>'

# look PAGE WIDTH SCHEME(0 dark, 1 light) NAME: the page in a frame of that width, since a window is not narrower than 500.
look() {
  local page=$1 width=$2 scheme=$3 name=$4 answer
  { cat "$scratch/$page.html" && echo "$check"; } >"$scratch/checked.html"
  cat >"$scratch/frame.html" <<END
<!doctype html><body style="margin:0"><iframe src=checked.html style="border:0;width:${width}px;height:7000px"></iframe>
<pre id=answer></pre><script>onmessage = e => answer.textContent = "ANSWER " + JSON.stringify(e.data)</script>
END
  answer=$("$browser" --headless --no-sandbox --disable-gpu --allow-file-access-from-files --hide-scrollbars \
    --blink-settings=preferredColorScheme="$scheme" --virtual-time-budget=4000 --window-size="$((width < 500 ? 500 : width)),7000" \
    --user-data-dir="$scratch/browser" --dump-dom "file://$scratch/frame.html" 2>"$scratch/browser.log" | grep -o 'ANSWER {.*}')
  if [[ $answer != *'"faults":[]'* || $answer == *'"n":0,'* ]]; then
    fail "$name: ${answer:-no answer: $(tail -n 2 "$scratch/browser.log")}"
  else
    echo "ok: $name: $(echo "$answer" | grep -o '"n":[0-9]*') pieces of text"
  fi
  [ -z "${FA_PICTURES:-}" ] || "$browser" --headless --no-sandbox --disable-gpu --allow-file-access-from-files --hide-scrollbars \
    --blink-settings=preferredColorScheme="$scheme" --virtual-time-budget=4000 --window-size="$((width < 500 ? 500 : width)),${FA_HEIGHT:-4200}" \
    --user-data-dir="$scratch/browser" --screenshot="$FA_PICTURES/$name.png" "file://$scratch/frame.html" >/dev/null 2>&1
}

for page in one two ${FA_REPORT:+own}; do
  look $page 1280 1 "$page-1280-light"
  look $page 390 0 "$page-390-dark"
  [ -n "${FA_PICTURES:-}" ] || continue
  look $page 1280 0 "$page-1280-dark"
  look $page 390 1 "$page-390-light"
  "$browser" --headless --no-sandbox --disable-gpu --user-data-dir="$scratch/browser" --no-pdf-header-footer \
    --print-to-pdf="$FA_PICTURES/$page-print.pdf" "file://$scratch/$page.html" >/dev/null 2>&1
  [ -s "$FA_PICTURES/$page-print.pdf" ] || fail "$page cannot be printed"
done
finish
