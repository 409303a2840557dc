package record

// Suspect is suspect, for tests.
var Suspect = suspect
