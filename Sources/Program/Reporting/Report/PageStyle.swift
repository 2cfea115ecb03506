import Plots

/// The style sheet of a report's page.
enum PageStyle {
  static let text = """
    :root{color-scheme:light dark;\(PlotStyle.lightVariables);--panel:#f6f8fa;--warn:#fff3d6}
    @media (prefers-color-scheme:dark){:root{\(PlotStyle.darkVariables);--panel:#1c2229;\
    --warn:#3a2f12}}
    @media print{:root{\(PlotStyle.lightVariables);--panel:#fff;--warn:#fff}}
    *{box-sizing:border-box}
    body{margin:0;background:var(--background);color:var(--text);\
    font:16px/1.5 system-ui,"DejaVu Sans",sans-serif}
    main{max-width:1240px;margin:0 auto;padding:16px}
    h1{font-size:1.5rem;font-weight:400;line-height:1.25;margin:.5rem 0;overflow-wrap:anywhere}
    h2{font-size:1.2rem;margin:2rem 0 .25rem}
    h3{font-size:1rem;font-weight:400;color:var(--muted);margin:1rem 0 .25rem}
    p{max-width:75ch;margin:.25rem 0 .75rem}
    .muted,.note{color:var(--muted)}
    .note{font-size:.8rem;margin:.25rem 0}
    .summary,.problems{background:var(--panel);border-radius:8px;padding:4px 16px 8px;\
    margin:1rem 0;overflow-wrap:anywhere}
    .problems{background:var(--warn)}
    .summary h2,.problems h2{margin-top:.5rem}
    ul{margin:.25rem 0;padding-left:1.2rem}
    .plots{display:grid;gap:20px;\
    grid-template-columns:repeat(auto-fill,minmax(min(100%,370px),1fr))}
    figure{margin:0;min-width:0}
    figcaption{font-weight:600}
    svg.plot{width:100%;height:auto;display:block;max-width:560px}
    svg.plot:focus-visible,.table:focus-visible{outline:2px solid var(--c0);outline-offset:2px}
    svg.plot .mark:hover,svg.plot .mark.on{stroke:var(--text);stroke-width:2;fill-opacity:1}
    .table{overflow-x:auto;max-width:100%}
    details .table{max-height:320px;overflow-y:auto}
    table{border-collapse:collapse;font-size:.85rem;font-variant-numeric:tabular-nums}
    th,td{padding:3px 14px 3px 0;text-align:left;border-bottom:1px solid var(--grid);\
    white-space:nowrap;vertical-align:top}
    .n{text-align:right}
    summary{cursor:pointer;color:var(--muted);font-size:.85rem;padding:4px 0}
    #tip{position:fixed;z-index:1;max-width:min(320px,90vw);background:var(--text);\
    color:var(--background);font-size:.8rem;line-height:1.35;padding:4px 8px;border-radius:4px;\
    pointer-events:none}
    @media print{#tip,summary,details:not([open]){display:none}\
    figure,table{break-inside:avoid}main{max-width:none}}
    \(PlotStyle.rules)
    """
}

/// The script of a report's page: tooltips for pointers and keyboards.
///
/// Without it the page shows everything but the tooltips; their numbers are in the tables too.
enum PageScript {
  static let text = """
    (() => {
      const tip = document.getElementById("tip");
      let on = null;
      const hide = () => { tip.hidden = true; if (on) on.classList.remove("on"); on = null; };
      const show = mark => {
        hide();
        on = mark;
        mark.classList.add("on");
        tip.textContent = mark.dataset.t;
        tip.hidden = false;
        const box = mark.getBoundingClientRect(), own = tip.getBoundingClientRect();
        const left = box.left + box.width / 2 - own.width / 2;
        tip.style.left = Math.max(4, Math.min(left, innerWidth - own.width - 4)) + "px";
        const above = box.top - own.height - 6;
        tip.style.top = (above > 4 ? above : box.bottom + 6) + "px";
      };
      document.addEventListener("pointerover", event => {
        const mark = event.target.closest("[data-t]");
        if (mark) show(mark); else hide();
      });
      document.addEventListener("scroll", hide, {passive: true});
      for (const plot of document.querySelectorAll("svg.plot")) {
        const marks = [...plot.querySelectorAll("[data-t]")];
        let place = -1;
        plot.addEventListener("keydown", event => {
          const last = marks.length - 1;
          if (event.key === "ArrowRight" || event.key === "ArrowDown") place = Math.min(place + 1, last);
          else if (event.key === "ArrowLeft" || event.key === "ArrowUp") place = Math.max(place - 1, 0);
          else if (event.key === "Home") place = 0;
          else if (event.key === "End") place = last;
          else if (event.key === "Escape") return hide();
          else return;
          event.preventDefault();
          if (marks[place]) show(marks[place]);
        });
        plot.addEventListener("blur", hide);
      }
    })();
    """
}
