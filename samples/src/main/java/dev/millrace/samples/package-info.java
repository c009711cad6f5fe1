/** Small programs that use the SDK as a user would. */
package dev.millrace.samples;
