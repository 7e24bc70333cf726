"""Runs the Autobahn TestSuite and judges every case (Python 2.7).

    suite.py client REPORTS URL [CASE...]                  against a server that echoes
    suite.py server REPORTS PORT [CASE...] -- COMMAND...   against the client that COMMAND runs

A case passes when what was done in it, and how its connection was closed, is OK or INFORMATIONAL. All else fails:
NON-STRICT, and a case without a result. REPORTS gets a file with the wire log of each case that is not OK.
"""
from __future__ import print_function

import json
import os
import shutil
import sys

from autobahn.twisted.websocket import listenWS
from autobahntestsuite import fuzzing
from twisted.internet import protocol, reactor

TIME_LIMIT = 1800  # seconds for a run; cases not reached by then have no result

results = {}


def group(case):
    return int(case.split('.')[0])


def judge(selected, reports):
    """Prints the table and each case that is not OK. Returns whether all passed."""
    table, notes, failed = {}, [], 0
    for case in selected:
        result = results.get(case)
        verdicts = {result['behavior'], result['behaviorClose']} if result else {'NO RESULT'}
        if not verdicts <= {'OK', 'INFORMATIONAL'}:
            verdict = 'FAILED'
            failed += 1
        else:
            verdict = 'INFORMATIONAL' if 'INFORMATIONAL' in verdicts else 'OK'
        row = table.setdefault(group(case), {'OK': 0, 'INFORMATIONAL': 0, 'FAILED': 0})
        row[verdict] += 1
        if verdict != 'OK':
            notes.append('%-13s %-8s %s' % (verdict, case, describe(result)))
        if verdict != 'OK' and result:
            with open(os.path.join(reports, case + '.json'), 'w') as report:
                json.dump(result, report, indent=1, sort_keys=True)
    print('%-8s%6s%15s%8s' % ('group', 'OK', 'INFORMATIONAL', 'FAILED'))
    for number in sorted(table):
        row = table[number]
        print('%-8d%6d%15d%8d' % (number, row['OK'], row['INFORMATIONAL'], row['FAILED']))
    print('\n'.join(notes))
    print('autobahn: %d passed, %d failed' % (len(selected) - failed, failed))
    return failed == 0


def describe(result):
    if not result:
        return 'no result'
    return 'behavior %s (%s), close %s (%s)' % (
        result['behavior'], result['result'], result['behaviorClose'], result['resultClose'])


class ClientUnderTest(protocol.ProcessProtocol):
    """The client's process: what it prints goes to the standard error, and its end is the end of the run."""
    status = None

    def outReceived(self, data):
        sys.stderr.write(data)

    errReceived = outReceived

    def processEnded(self, reason):
        self.status = reason.value.exitCode
        if reactor.running:
            reactor.stop()


def main():
    role, reports, peer, rest = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]
    command = []
    if role == 'server':
        command = rest[rest.index('--') + 1:]
        rest = rest[:rest.index('--')]
    shutil.rmtree(reports, ignore_errors=True)
    os.makedirs(reports)

    kind = fuzzing.FuzzingClientFactory if role == 'client' else fuzzing.FuzzingServerFactory
    kind.logCase = lambda self, result: results.update({result['id']: result})
    kind.createReports = lambda self: None
    spec = {'outdir': reports, 'cases': rest or ['*'], 'exclude-cases': [], 'exclude-agent-cases': {}}
    log = open(os.path.join(reports, 'log.txt'), 'w')
    stdout, sys.stdout = sys.stdout, log
    client = ClientUnderTest()
    if role == 'client':
        factory = kind(dict(spec, servers=[{'url': peer, 'agent': 'server'}]))
    else:
        factory = kind(dict(spec, url='ws://127.0.0.1:' + peer))
        listenWS(factory, interface='127.0.0.1')
        reactor.spawnProcess(client, command[0], command, env=None)
    selected = factory.specCases
    reactor.callLater(TIME_LIMIT, reactor.stop)
    reactor.run()
    sys.stdout = stdout

    if not selected:
        sys.exit('autobahn: no such case: %s' % ' '.join(rest))
    passed = judge(selected, reports)
    if role == 'server' and client.status != 0:
        sys.exit('autobahn: the client under test ended with %s' % client.status)
    sys.exit(0 if passed else 1)


main()
