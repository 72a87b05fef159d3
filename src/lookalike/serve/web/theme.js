// Before the first paint: the theme that was chosen here, if one was.
try {
  document.documentElement.dataset.theme = localStorage.getItem("lookalike-theme") ?? "";
} catch {
  document.documentElement.dataset.theme = ""; // a browser that keeps nothing
}
