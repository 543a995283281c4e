"""All commands: what each is for, and the module that has it, which is loaded when it is asked for."""

#: Name -> (module in `ganga.cli`, what it is for).
COMMANDS = {
    "run": ("run", "submit a job, follow it, and exit as it does"),
    "submit": ("submit", "submit a job and print its id"),
    "track": ("track", "adopt jobs that something else submitted"),
    "list": ("listing", "list jobs, newest first"),
    "show": ("show", "show all there is to know about a job"),
    "history": ("history", "print what happened to a job, here and at its back end"),
    "logs": ("logs", "print the output of a job"),
    "wait": ("wait", "wait for jobs to end"),
    "kill": ("kill", "request the end of jobs"),
    "resubmit": ("resubmit", "submit jobs again that have ended"),
    "reschedule": ("reschedule", "have the back end run jobs again under their ids"),
    "delete": ("delete", "have the back end forget jobs that have ended"),
    "copy": ("duplicate", "make a new job like another"),
    "remove": ("remove", "forget jobs, with their files"),
    "refresh": ("refresh", "have jobs asked about now"),
    "fetch": ("fetch", "bring the output of a job home, or copy it"),
    "events": ("events", "print what happened, and what happens"),
    "monitor": ("monitor", "look after all targets until stopped"),
    "targets": ("targets", "show how the targets fare; pause and resume them"),
    "store": ("keeping", "what the store holds; move it, archive what is old"),
    "rights": ("rights", "show and set who may use a store on a server, and act for you"),
    "completion": ("completion", "print the lines that teach a shell to complete"),
}
