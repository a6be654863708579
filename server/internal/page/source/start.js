// The page is that of a sharing link with which files are uploaded, or that of all files of the server.

if (location.pathname.startsWith("/s/")) import("./drop.js");
else import("./main.js");
