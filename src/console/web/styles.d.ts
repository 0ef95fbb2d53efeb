/** Style sheets are imported for the bundle's sake and have no values. */
declare module '*.css';
