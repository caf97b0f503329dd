// Before the first paint: a module would come after it, and the page would flash.
try {
  const theme = localStorage.getItem('vps-gateway.theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch {
  // A browser that keeps nothing: the theme is the system's.
}
